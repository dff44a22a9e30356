/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_vmlinux.c OBJECT LAYOUTS - proves the hand-written vmlinux.h against the BTF of the running
 * kernel.
 *
 * OBJECT is the linked BPF object: each struct that one of its relocations begins at, and each that
 * can be reached from there, must have its members in the kernel's struct of that name, of the same
 * kind, size and sign; offsets are libbpf's affair. LAYOUTS (layouts.bpf.c) has the structs that
 * are read as they stand: there the offsets must be equal too. A member is a case.
 */
#include <bpf/btf.h>
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check {
	const struct btf *ours;
	const struct btf *kernel;
	bool *seen;	 /* of each type of ours */
	bool offsets;	 /* byte-equal layouts are asked for */
	const char *now; /* the struct in work */
	unsigned int passed, failed, skipped;
};

/* Where a member stands, through anonymous structs and unions. */
struct found {
	__u32 type;
	__u32 bit_offset;
	__u32 bitfield_size; /* 0: no bitfield */
};

/* What libbpf leaves out of a struct's name, and all behind it. */
#define FLAVOUR "___"

static void check_struct(struct check *check, __u32 id);
static void check_members(struct check *check, __u32 our_id, __u32 kernel_id);

static const char *our_name(const struct check *check, const struct btf_type *type)
{
	return btf__name_by_offset(check->ours, type->name_off);
}

/*
 * The type behind typedefs and qualifiers; void, which libbpf's function has no answer for, is 0.
 */
static __u32 resolve(const struct btf *btf, __u32 id)
{
	int resolved = btf__resolve_type(btf, id);

	return resolved > 0 ? resolved : 0;
}

static bool is_composite(const struct btf *btf, __u32 id)
{
	return id && btf_is_composite(btf__type_by_id(btf, id));
}

static void fail(struct check *check, const char *member, const char *why)
{
	check->failed++;
	printf("FAIL %s.%s: %s\n", check->now, member, why);
}

static void skip(struct check *check, const char *member)
{
	check->skipped++;
	printf("skip %s%s%s: this kernel has none\n", check->now, *member ? "." : "", member);
}

static bool find_member(const struct btf *btf, __u32 id, const char *name, __u32 base,
			struct found *ret)
{
	const struct btf_type *type = btf__type_by_id(btf, id);
	const struct btf_member *m = btf_members(type);

	for (__u32 i = 0; i < btf_vlen(type); i++) {
		const char *its = btf__name_by_offset(btf, m[i].name_off);
		__u32 at = base + btf_member_bit_offset(type, i);

		if (!*its && is_composite(btf, resolve(btf, m[i].type)) &&
		    find_member(btf, resolve(btf, m[i].type), name, at, ret))
			return true;
		if (strcmp(its, name))
			continue;
		*ret = (struct found){ m[i].type, at, btf_member_bitfield_size(type, i) };
		return true;
	}
	return false;
}

static bool is_number(const struct btf_type *type)
{
	return btf_is_int(type) || btf_is_any_enum(type);
}

static bool is_signed(const struct btf_type *type)
{
	return btf_is_int(type) ? btf_int_encoding(type) & BTF_INT_SIGNED : btf_kflag(type);
}

static const char *compare_numbers(const struct btf_type *our, const struct btf_type *its,
				   __u32 bitfield_size)
{
	__u32 bits = bitfield_size ? bitfield_size : its->size * 8;

	if (our->size * 8 != bits)
		return "has another size";
	/* an enumeration's sign is its compiler's choice */
	if (btf_is_int(our) && btf_is_int(its) && is_signed(our) != is_signed(its))
		return "has another sign";
	return NULL;
}

/* NULL when a value of our type may be read from one of the kernel's; else why not. */
static const char *compare_types(struct check *check, __u32 our_id, __u32 its_id,
				 __u32 bitfield_size)
{
	const struct btf_type *our, *its;

	our_id = resolve(check->ours, our_id);
	its_id = resolve(check->kernel, its_id);
	our = btf__type_by_id(check->ours, our_id);
	its = btf__type_by_id(check->kernel, its_id);
	if (is_number(our) && is_number(its))
		return compare_numbers(our, its, bitfield_size);
	if (btf_kind(our) != btf_kind(its) || bitfield_size)
		return "is of another kind";
	if (btf_is_array(our))
		return compare_types(check, btf_array(our)->type, btf_array(its)->type, 0);
	if (btf_is_ptr(our)) {
		__u32 target = resolve(check->ours, our->type);

		if (is_composite(check->ours, target))
			check_struct(check, target);
		return NULL;
	}
	if (!btf_is_composite(our))
		return our->size == its->size ? NULL : "has another size";
	if (!*our_name(check, our))
		check_members(check, our_id, its_id);
	else if (strcmp(our_name(check, our), btf__name_by_offset(check->kernel, its->name_off)))
		return "is another struct";
	else
		check_struct(check, our_id);
	return NULL;
}

static void check_member(struct check *check, const char *name, __u32 type, __u32 bit_offset,
			 __u32 kernel_id)
{
	struct found found;
	const char *why;

	if (!find_member(check->kernel, kernel_id, name, 0, &found)) {
		if (strstr(check->now, FLAVOUR))
			skip(check, name);
		else
			fail(check, name, "the kernel's has no such member");
		return;
	}
	why = compare_types(check, type, found.type, found.bitfield_size);
	if (!why && check->offsets && found.bit_offset != bit_offset)
		why = "stands elsewhere";
	if (why)
		fail(check, name, why);
	else
		check->passed++;
}

static void check_members(struct check *check, __u32 our_id, __u32 kernel_id)
{
	const struct btf_type *type = btf__type_by_id(check->ours, our_id);
	const struct btf_member *m = btf_members(type);

	for (__u32 i = 0; i < btf_vlen(type); i++) {
		const char *name = btf__name_by_offset(check->ours, m[i].name_off);

		if (*name)
			check_member(check, name, m[i].type, btf_member_bit_offset(type, i),
				     kernel_id);
		else
			check_members(check, resolve(check->ours, m[i].type), kernel_id);
	}
}

/*
 * Once for each struct of ours. `NAME___flavour` is NAME to the kernel, and may be unknown to it,
 * as may its members.
 */
static void check_struct(struct check *check, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(check->ours, id);
	const char *name = our_name(check, type), *flavour = strstr(name, FLAVOUR),
		   *outer = check->now;
	char kernel_name[128];
	__s32 kernel_id;

	if (check->seen[id] || !*name)
		return;
	check->seen[id] = true;
	check->now = name;
	snprintf(kernel_name, sizeof(kernel_name), "%.*s", (int)(flavour ? flavour - name : 127),
		 name);
	kernel_id = btf__find_by_name_kind(check->kernel, kernel_name, btf_kind(type));
	if (kernel_id > 0) {
		unsigned int failed = check->failed;

		check_members(check, id, kernel_id);
		if (check->offsets && type->size != btf__type_by_id(check->kernel, kernel_id)->size)
			fail(check, "*", "its size is another");
		printf("%-4s %s, %u members%s\n", check->failed > failed ? "BAD" : "ok", name,
		       btf_vlen(type), check->offsets ? ", layout" : "");
	} else if (flavour) {
		skip(check, "");
	} else {
		fail(check, "*", "the kernel has no such struct");
	}
	check->now = outer;
}

/*
 * .BTF.ext: its header, then per program section the relocations. As in the kernel's
 * Documentation/bpf/btf.rst.
 */
struct ext_header {
	__u16 magic;
	__u8 version;
	__u8 flags;
	__u32 hdr_len;
	__u32 func_info_off, func_info_len;
	__u32 line_info_off, line_info_len;
	__u32 core_relo_off, core_relo_len;
};

struct ext_section {
	__u32 name_off;
	__u32 count;
	__u8 records[];
};

/* libbpf 1.0 to 1.4 export this name and declare another; later ones export both. */
const void *btf_ext__get_raw_data(const struct btf_ext *ext, __u32 *size);

/* Each struct at which a relocation begins. Returns how many relocations there are. */
static size_t check_relocated(struct check *check, const struct btf_ext *ext)
{
	__u32 size, record_len;
	const __u8 *raw = btf_ext__get_raw_data(ext, &size), *at, *end;
	const struct ext_header *header = (const void *)raw;
	size_t count = 0;

	if (header->hdr_len < sizeof(*header) || header->core_relo_len < sizeof(record_len))
		return 0;
	at = raw + header->hdr_len + header->core_relo_off;
	end = at + header->core_relo_len;
	memcpy(&record_len, at, sizeof(record_len));
	for (at += sizeof(record_len); at < end;) {
		const struct ext_section *section = (const void *)at;

		for (__u32 i = 0; i < section->count; i++) {
			const struct bpf_core_relo *relo =
				(const void *)(section->records + i * record_len);
			__u32 id = resolve(check->ours, relo->type_id);

			if (is_composite(check->ours, id))
				check_struct(check, id);
			count++;
		}
		at = section->records + section->count * record_len;
	}
	return count;
}

static void check_layouts(struct check *check)
{
	check->offsets = true;
	for (__u32 id = 1; id < btf__type_cnt(check->ours); id++)
		if (is_composite(check->ours, id))
			check_struct(check, id);
}

static void check_object(struct check *check, const char *path, bool layouts)
{
	struct btf_ext *ext = NULL;
	struct btf *ours = btf__parse(path, &ext);

	if (!ours) {
		fprintf(stderr, "check_vmlinux: %s has no BTF\n", path);
		exit(1);
	}
	check->ours = ours;
	check->seen = calloc(btf__type_cnt(ours), sizeof(*check->seen));
	if (layouts)
		check_layouts(check);
	else
		printf("%zu relocations in %s\n", check_relocated(check, ext), path);
	free(check->seen);
	btf_ext__free(ext);
	btf__free(ours);
}

int main(int argc, char **argv)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	struct check check = { .kernel = kernel, .now = "" };

	if (argc != 3) {
		fprintf(stderr, "usage: %s OBJECT LAYOUTS\n", argv[0]);
		return 2;
	}
	if (!kernel) {
		printf("skip: this kernel has no BTF\n0 passed, 0 failed, 1 skipped\n");
		return 0;
	}
	check_object(&check, argv[1], false);
	check_object(&check, argv[2], true);
	btf__free(kernel);
	printf("%u passed, %u failed, %u skipped\n", check.passed, check.failed, check.skipped);
	return check.failed || !check.passed;
}
