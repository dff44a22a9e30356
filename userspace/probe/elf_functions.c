// SPDX-License-Identifier: Apache-2.0
/*
 * elf_functions.c - see elf_functions.h. The file belongs to somebody else: libelf checks it. It is
 * read, not mapped, since its owner may cut it off at any time.
 */
#include "probe/elf_functions.h"

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"

/*
 * Symbols or names beyond this are not looked at: a program of 100 MB with all its symbols has a
 * fifth of it, and a file full of holes may claim anything.
 */
#define TABLE_MAX (32u << 20)

static void end_elf(Elf **elf)
{
	elf_end(*elf);
}

/* The place in the file of what is executed at @address, 0 when that is nowhere. */
static uint64_t file_offset(Elf *elf, uint64_t address)
{
	size_t count;

	if (elf_getphdrnum(elf, &count))
		return 0;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr header;

		if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_LOAD ||
		    !(header.p_flags & PF_X))
			continue;
		if (address >= header.p_vaddr && address - header.p_vaddr < header.p_filesz)
			return address - header.p_vaddr + header.p_offset;
	}
	return 0;
}

static uint64_t behind_landing_pad(int fd, uint64_t offset)
{
#if defined(__x86_64__)
	static const uint8_t endbr64[4] = { 0xf3, 0x0f, 0x1e, 0xfa };
	uint8_t first[sizeof(endbr64)];

	if (pread(fd, first, sizeof(first), (off_t)offset) == (ssize_t)sizeof(first) &&
	    !memcmp(first, endbr64, sizeof(first)))
		return offset + sizeof(endbr64);
#else
	(void)fd;
#endif
	return offset;
}

static struct elf_function *wanted(struct elf_function *functions, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!functions[i].offset && !strcmp(functions[i].name, name))
			return &functions[i];
	return NULL;
}

/* Returns how many of @functions the section defines that were not found before. */
static int find_in(Elf *elf, int fd, Elf_Scn *section, const GElf_Shdr *header,
		   struct elf_function *functions, size_t count)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Sym symbol;
	int found = 0;

	for (int i = 0; data && gelf_getsym(data, i, &symbol); i++) {
		struct elf_function *function;
		const char *name;

		if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF)
			continue;
		name = elf_strptr(elf, header->sh_link, symbol.st_name);
		function = name ? wanted(functions, count, name) : NULL;
		if (!function)
			continue;
		function->offset = file_offset(elf, symbol.st_value);
		if (!function->offset)
			continue;
		function->offset = behind_landing_pad(fd, function->offset);
		found++;
	}
	return found;
}

/* The table of @header, and the names that belong to it. */
static bool is_reasonable(Elf *elf, const GElf_Shdr *header)
{
	Elf_Scn *names = elf_getscn(elf, header->sh_link);
	GElf_Shdr names_header;

	return header->sh_size <= TABLE_MAX && names && gelf_getshdr(names, &names_header) &&
	       names_header.sh_size <= TABLE_MAX;
}

static int find_in_all(Elf *elf, int fd, unsigned int type, struct elf_function *functions,
		       size_t count)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	int found = 0;

	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) && header.sh_type == type &&
		    is_reasonable(elf, &header))
			found += find_in(elf, fd, section, &header, functions, count);
	return found;
}

int elf_functions_find(int fd, struct elf_function *functions, size_t count)
{
	_cleanup_(end_elf) Elf *elf = NULL;
	int found;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return -ENOTSUP;
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF || gelf_getclass(elf) != ELFCLASS64)
		return -ENOEXEC;
	for (size_t i = 0; i < count; i++)
		functions[i].offset = 0;
	found = find_in_all(elf, fd, SHT_DYNSYM, functions, count);
	if (!found)
		found = find_in_all(elf, fd, SHT_SYMTAB, functions, count);
	return found;
}
