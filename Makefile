# SPDX-License-Identifier: Apache-2.0
# bpfxray: everything is built under build/. `make help` lists the targets.

VERSION := 0.1.0
HOST_ARCH := $(if $(filter aarch64,$(shell uname -m)),arm64,x86)
# x86 or arm64; the other than the machine's own is cross-built under build/ARCH.
ARCH ?= $(HOST_ARCH)
CROSS := $(filter-out $(HOST_ARCH),$(ARCH))
V ?= 0
SAN ?= 0

B := build$(if $(CROSS),/$(ARCH))
O := $(B)$(if $(filter 1,$(SAN)),/san)
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
CC ?= gcc
ifneq ($(CROSS),)
# A tree of that architecture's libraries and headers: `make deps-$(ARCH)`.
SYSROOT ?= build/cache/userland-$(ARCH)
CC := $(if $(filter arm64,$(ARCH)),aarch64,x86_64)-linux-gnu-gcc --sysroot=$(abspath $(SYSROOT))
endif
PREFIX ?= /usr/local
DESTDIR ?=
Q := $(if $(filter 1,$(V)),,@)
# For what is built on the way to a test, when make was not told otherwise.
JOBS = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
say = @printf '  %-7s %s\n' $(1) $(2)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wvla -Werror
CFLAGS ?= -O3 -g
# What is built does not tell where, nor differ by it.
NOWHERE := -ffile-prefix-map=$(CURDIR)=.
CPPFLAGS_USER := -Iuserspace -Iinclude -isystem $(O)/gen -D_GNU_SOURCE -DBPFXRAY_VERSION='"$(VERSION)"'
CFLAGS_USER := -std=gnu11 $(WARNINGS) -fstack-protector-strong $(NOWHERE) $(CFLAGS)
LDLIBS_USER := -pthread -lbpf -lelf -lz -lcjson -lcares -lseccomp
SANFLAGS := -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
ifeq ($(SAN),1)
CFLAGS_USER += $(SANFLAGS)
else
# Compiled when linked, as a whole: a sixth fewer instructions for each segment.
LTO := -flto=auto
endif

MULTIARCH := $(shell gcc -print-multiarch 2>/dev/null)
CFLAGS_BPF := -O2 -g -target bpf -D__TARGET_ARCH_$(ARCH) -Wall -Werror -Wno-unused-function $(NOWHERE) -Ivmlinux \
	-Iinclude -Ibpf $(if $(MULTIARCH),-I/usr/include/$(MULTIARCH))

BPF_SRC := $(wildcard bpf/*.bpf.c)
BPF_OBJ := $(BPF_SRC:bpf/%.bpf.c=$(B)/bpf/%.bpf.o)
BPF_OLD_OBJ := $(BPF_SRC:bpf/%.bpf.c=$(B)/bpf/old/%.bpf.o)
CORE_SRC := $(foreach d,util proto trace xray,$(wildcard userspace/$(d)/*.c))
AGENT_SRC := $(CORE_SRC) $(foreach d,emit host probe report compare cli,$(wildcard userspace/$(d)/*.c)) userspace/main.c
AGENT_OBJ := $(AGENT_SRC:userspace/%.c=$(O)/obj/%.o)

# The unit tests run under the sanitizers, always.
UNIT_SRC := $(wildcard tests/unit/*.c)
UNIT_LIB := $(CORE_SRC) $(wildcard userspace/emit/*.c userspace/host/*.c userspace/report/*.c userspace/compare/*.c \
	userspace/cli/options*.c userspace/cli/config.c userspace/cli/confine.c userspace/cli/services.c userspace/cli/silence.c userspace/cli/attach_wire.c userspace/probe/record.c \
	userspace/probe/elf_functions.c userspace/probe/client_layout.c userspace/probe/refusal.c userspace/probe/ring_read.c)
UNIT_OBJ := $(UNIT_SRC:tests/%.c=build/unit/tests/%.o) $(UNIT_LIB:userspace/%.c=build/unit/%.o)

PY := build/venv/bin/python

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all deps demo compare test test-all test-unit test-bpf lint fuzz soak bench bench-smoke bench-tools check-vmlinux install clean help

all: $(O)/bpfxray

help:
	@echo 'make            build/bpfxray'
	@echo 'make deps       install what is missing (apt packages by name, a Python environment under build/)'
	@echo 'make demo       todobackend under uWSGI with MariaDB, traced while it runs; prints its traces'
	@echo 'make compare    the same with the X-Ray SDK inside: what the two traces tell, field by field'
	@echo 'make test       every fast test; make test-all: the full matrices too'
	@echo 'make test-kernels  the tracer on other kernels, emulated; downloads them'
	@echo 'make ARCH=arm64  cross-built, in build/arm64; first: make deps-arm64'
	@echo 'make bench      what tracing costs, side by side (15 minutes)'
	@echo 'make lint fuzz soak install clean; SAN=1 (sanitizers), V=1 (commands)'

# --- kernel side ---------------------------------------------------------------------------------------------

$(B)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(CFLAGS_BPF) -MMD -MP -c $< -o $@

# The same for kernels before 5.15: see bpf/compat.bpf.h.
$(B)/bpf/old/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(CFLAGS_BPF) -DBX_OLD_KERNEL -MMD -MP -c $< -o $@

$(B)/bpf/bpfxray.o: $(BPF_OBJ)
	$(call say,LINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(B)/bpf/old/bpfxray.o: $(BPF_OLD_OBJ)
	$(call say,LINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(O)/gen/bpfxray.skel.h: $(B)/bpf/bpfxray.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name bpfxray_bpf > $@

$(O)/gen/bpfxray_old.skel.h: $(B)/bpf/old/bpfxray.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name bpfxray_old_bpf > $@

# --- agent ---------------------------------------------------------------------------------------------------

# The skeleton is a system header to the compiler, so that -MMD leaves it out.
$(filter $(O)/obj/probe/%,$(AGENT_OBJ)): $(O)/gen/bpfxray.skel.h
$(O)/obj/probe/object.o: $(O)/gen/bpfxray_old.skel.h

$(O)/obj/%.o: userspace/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_USER) $(CFLAGS_USER) $(LTO) -MMD -MP -c $< -o $@

# The report's page, made of its template, style and scripts.
$(O)/gen/report_page.inc: userspace/report/page.sh $(wildcard userspace/report/page/*)
	$(call say,PAGE,$@)
	@mkdir -p $(@D)
	$(Q)sh $< > $@

$(O)/obj/report/page.o build/unit/report/page.o: $(O)/gen/report_page.inc

$(O)/bpfxray: $(AGENT_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_USER) $(LTO) $(LDFLAGS) $^ -o $@ $(LDLIBS_USER)

# --- tests ---------------------------------------------------------------------------------------------------

build/unit/tests/%.o: tests/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_USER) -Itests/unit -std=gnu11 $(WARNINGS) -O1 -g $(SANFLAGS) -MMD -MP -c $< -o $@

build/unit/%.o: userspace/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_USER) -std=gnu11 $(WARNINGS) -O1 -g $(SANFLAGS) -MMD -MP -c $< -o $@

build/unit/unit: $(UNIT_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(SANFLAGS) $^ -o $@ -lelf -lcjson -lz -lcares -lseccomp

test-unit: build/unit/unit
	$(Q)build/unit/unit

# --- the kernel side's own tests -----------------------------------------------------------------------------

$(B)/test-bpf/%.bpf.o: tests/bpf/%.bpf.c
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(CFLAGS_BPF) -MMD -MP -c $< -o $@

$(B)/test-bpf/%: tests/bpf/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_USER) -std=gnu11 $(WARNINGS) -O1 -g $(if $(CROSS),,$(SANFLAGS)) -MMD -MP $(filter %.c,$^) -o $@ \
		-lbpf -lelf -lz

$(B)/test-bpf/test_load: userspace/probe/backend.c userspace/probe/object.c userspace/probe/feature_bpf.c \
	$(O)/gen/bpfxray.skel.h $(O)/gen/bpfxray_old.skel.h

TEST_BPF := $(addprefix $(B)/test-bpf/,test_classify classify_run.bpf.o test_load check_vmlinux layouts.bpf.o)

# For a guest: what the suites run, and the agent.
test-bpf-programs: $(TEST_BPF) all

# Each suite prints its counts; the last line is their sum.
test-bpf: $(TEST_BPF) $(B)/bpf/bpfxray.o
	$(Q)$(B)/test-bpf/test_classify $(B)/test-bpf/classify_run.bpf.o > $(B)/test-bpf/log
	$(Q)$(B)/test-bpf/test_load >> $(B)/test-bpf/log
	$(Q)$(MAKE) -s --no-print-directory check-vmlinux >> $(B)/test-bpf/log
	@cat $(B)/test-bpf/log
	@awk '/^[0-9]+ passed, / { p += $$1; f += $$3; s += $$5 } \
		END { print p " passed, " f + 0 " failed, " s + 0 " skipped" }' $(B)/test-bpf/log

# Proves each field of vmlinux/vmlinux.h against the running kernel's BTF.
check-vmlinux: $(B)/test-bpf/check_vmlinux $(B)/bpf/bpfxray.o $(B)/test-bpf/layouts.bpf.o
	$(Q)$^

# Other kernels, emulated: the whole matrix. What it needs on top of `make deps`: deps-kernels.
.PHONY: deps-kernels deps-arm64 test-kernels test-bpf-programs
deps-kernels:
	$(Q)sh tests/kernels/deps.sh

# What `make ARCH=arm64` needs: a compiler, and that architecture's libraries under build/cache.
deps-arm64:
	$(Q)sh tests/kernels/deps.sh arm64
	$(Q)python3 tests/kernels/userland.py arm64

test-kernels: deps deps-kernels deps-arm64
	$(Q)$(PY) tests/kernels/test_kernels.py --all

lint:
	$(Q)python3 tests/lint/test_lint.py
	$(Q)python3 tests/lint/lint.py

deps:
	$(Q)sh tests/deps.sh

demo: deps
	$(Q)$(MAKE) $(JOBS) --no-print-directory all
	$(Q)$(PY) tests/e2e/demo.py

# The SDK comes from PyPI, into an environment of its own.
compare: deps
	$(Q)$(MAKE) $(JOBS) --no-print-directory all
	$(Q)$(PY) tests/e2e/compare.py

# Every fast test; the closing line is the sum of all suites.
# Without the emulator the tests on other kernels are skipped, and say so.
test: deps
	-$(Q)sh tests/kernels/deps.sh
	$(Q)$(MAKE) $(JOBS) --no-print-directory all
	$(Q)$(PY) tests/run.py

# What tests/e2e/test_containers.py needs on top of `make deps`.
.PHONY: deps-containers
deps-containers:
	$(Q)sh tests/packages.sh buildah umoci runc golang-github-containers-common

test-all: deps deps-kernels deps-containers
	$(Q)sh tests/deps.sh --browser
	$(Q)$(MAKE) $(JOBS) --no-print-directory all
	$(Q)$(PY) tests/run.py --all

# Of each target; `make fuzz FUZZ_SECONDS=5` is a glance.
FUZZ_SECONDS ?= 60
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

build/fuzz/report: $(wildcard userspace/report/*.c) $(O)/gen/report_page.inc

build/fuzz/attach: userspace/cli/attach_wire.c

build/fuzz/delivery: userspace/emit/document.c userspace/emit/http_reply.c userspace/emit/split.c userspace/emit/truncate.c

build/fuzz/ecs: $(wildcard userspace/host/*.c)

build/fuzz/target: FUZZ_LIBS := -lelf
build/fuzz/target: $(wildcard userspace/host/*.c) userspace/probe/elf_functions.c userspace/probe/client_layout.c

build/fuzz/config: $(wildcard userspace/cli/options*.c userspace/host/*.c) userspace/cli/config.c userspace/emit/address.c

build/fuzz/%: tests/fuzz/fuzz_%.c $(CORE_SRC) userspace/probe/record.c
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS_USER) -Itests/fuzz -std=gnu11 -Wall -O1 -g -fsanitize=fuzzer,address,undefined $(filter %.c,$^) \
		-o $@ -lcjson $(FUZZ_LIBS)

fuzz: $(FUZZERS)
	$(Q)sh tests/fuzz/run.sh $(FUZZ_SECONDS) $(FUZZERS)

# --- benchmarks ----------------------------------------------------------------------------------------------

BENCH_TOOLS := $(patsubst tests/bench/%.c,build/bench/%,$(filter-out %.bpf.c,$(wildcard tests/bench/*.c)))
BENCH_TOOLS += build/bench/mysql_static
BENCH_CC = $(CC) $(CPPFLAGS_USER) -std=gnu11 $(WARNINGS) -O2 -g -MMD -MP

build/bench/%.bpf.o: tests/bench/%.bpf.c
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(CFLAGS_BPF) -MMD -MP -c $< -o $@

build/bench/obj/%.o: tests/bench/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(BENCH_CC) -c $< -o $@

build/bench/%: build/bench/obj/%.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(LTO) $^ -o $@ $(LDLIBS_USER)

# With the agent's own objects, as they are shipped.
build/bench/bpfstats build/bench/record build/bench/replay: $(filter-out $(O)/obj/main.o,$(AGENT_OBJ))

build/bench/mysql: LDLIBS_USER += -lmariadb

build/bench/mysql_static: build/bench/obj/mysql.o
	$(call say,LINK,$@)
	$(Q)$(CC) -s $^ -o $@ -Wl,-Bstatic -lmariadb -lssl -lcrypto -lz -Wl,-Bdynamic -ldl -lm

bench-tools: all $(BENCH_TOOLS) build/bench/empty.bpf.o

# What tracing costs, side by side; `make bench ROWS=kernel` measures one group. `make compare bench`
# ends with the README's table of both.
bench: deps
	$(Q)$(MAKE) $(JOBS) --no-print-directory bench-tools
	$(Q)$(PY) tests/bench/bench.py $(ROWS)
	$(Q)$(PY) tests/bench/side_by_side.py

# The same in tiny sizes, so that it does not rot.
bench-smoke: deps
	$(Q)$(MAKE) $(JOBS) --no-print-directory bench-tools
	$(Q)$(PY) tests/bench/bench.py --smoke

# Ten minutes at full load for each of the two builds.
SOAK_SECONDS ?= 600
soak: deps
	$(Q)$(MAKE) $(JOBS) --no-print-directory all
	$(Q)$(MAKE) $(JOBS) --no-print-directory SAN=1 all
	$(Q)$(PY) tests/e2e/soak.py --seconds $(SOAK_SECONDS)

# --- install -------------------------------------------------------------------------------------------------

install: all
	install -D -m 755 $(B)/bpfxray $(DESTDIR)$(PREFIX)/sbin/bpfxray
	install -D -m 644 userspace/cli/bpfxray.8 $(DESTDIR)$(PREFIX)/share/man/man8/bpfxray.8
	install -d -m 755 $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|@PREFIX@|$(PREFIX)|' userspace/cli/bpfxray.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/bpfxray.service

clean:
	rm -rf build/bpf build/gen build/obj build/unit build/fuzz build/san build/bpfxray

-include $(wildcard $(B)/test-bpf/*.d build/bench/*.d build/bench/obj/*.d) $(BPF_OBJ:.o=.d) $(BPF_OLD_OBJ:.o=.d) $(AGENT_OBJ:.o=.d) $(UNIT_OBJ:.o=.d)
