# lxtop: one non-recursive Makefile.  `make help` lists the targets.
.DEFAULT_GOAL := all
MODE ?= release
O := out/$(MODE)

# --- Tools and flags ---------------------------------------------------------------------------
# What has been compiled once is taken from ccache, also in another checkout: paths in the debug information are
# relative to its root.
CCACHE := $(shell command -v ccache)
export CCACHE_BASEDIR ?= $(CURDIR)
PREFIX_MAP := -ffile-prefix-map=$(CURDIR)=.
ifeq ($(origin CC),default)
CC := $(CCACHE) gcc
endif
CLANG ?= $(CCACHE) clang
ifeq ($(MODE),fuzz)
CC := $(CLANG)
endif
PREFIX ?= /usr/local
WARN := -Wall -Wextra -Werror -Wshadow -Wvla -Wmissing-prototypes -Wstrict-prototypes -Wformat=2 \
        -Wpointer-arith
ifeq (,$(findstring clang,$(CC)))
WARN += -Wno-format-truncation -Wno-tsan
else
WARN += -Wno-gnu-variable-sized-type-not-at-end
endif
VERSION := 0.1
CPPFLAGS += -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DLXTOP_VERSION='"$(VERSION)"'
SANITIZE := -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
CFLAGS_debug := -O0 -g3
CFLAGS_asan := -O1 -g -fsanitize=address,undefined $(SANITIZE)
CFLAGS_tsan := -O1 -g -fsanitize=thread $(SANITIZE)
CFLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined $(SANITIZE)
ALL_CFLAGS := -std=gnu11 -pthread $(PREFIX_MAP) $(WARN) $(CFLAGS_$(MODE)) $(CFLAGS)
DEPFLAGS = -MMD -MP

V ?= 0
Q := $(if $(filter 0,$(V)),@,)
say = $(if $(filter 0,$(V)),@echo "  $(1) $(MODE) $@",@:)

# --- What is built -----------------------------------------------------------------------------
# A folder is a library (what needs libfuse3 is one of its own); a program is its main file and the
# libraries below it.  lxtop does not link libvmm.a: that is the proof that core and the VMM meet only
# on the wire.
LIB_base := $(wildcard core/base/*.c)
LIB_disk := $(wildcard core/disk/*.c) # the image format, for both sides of the process boundary
LIB_image := $(wildcard core/image/*.c) # sources of distros, and the ext4 that they become
LIB_config := $(wildcard config/*.c)
LIB_fuse := $(wildcard p9/fuse*.c)
LIB_p9 := $(filter-out $(LIB_fuse),$(wildcard p9/*.c))
LIB_core := $(wildcard core/*.c)
LIB_tui := $(filter-out tui/main.c,$(wildcard tui/*.c))
LIB_vmm := $(filter-out vmm/main.c,$(wildcard vmm/*.c))
LIB_guest := $(filter-out vmm/guest/main.c,$(wildcard vmm/guest/*.c)) # for unit tests; see GUEST_OBJS
LIB_net := $(filter-out vmm/net/main.c,$(wildcard vmm/net/*.c))
LIBS := base disk image config p9 fuse core tui vmm net guest
GUEST_SRC := $(wildcard vmm/guest/*.c) $(LIB_p9) $(LIB_base)
PROGRAMS := $(O)/lxtop $(O)/lxtop-vmm $(O)/lxtop-net $(O)/lxtop-guest

PKG_lxtop := ncursesw vterm libconfig libuv libarchive ext2fs com_err jansson libcrypto fuse3
PKG_vmm := jansson liburing libseccomp zlib liblzma liblz4 libzstd libcrypto
pkg = $(shell pkg-config $(1) $(2))

lib = $(O)/lib$(1).a
objs = $(patsubst %.c,$(O)/%.o,$(1))

-include $(shell find $(O) -name '*.d' 2>/dev/null)

.PHONY: all
all: $(PROGRAMS)

define LIB_RULE
$(call lib,$(1)): $(call objs,$(LIB_$(1)))
	@rm -f $$@ && $(AR) rcs $$@ $$^
endef
$(foreach l,$(LIBS),$(eval $(call LIB_RULE,$(l))))

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CFLAGS) $(CPPFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/lxtop: $(O)/tui/main.o $(foreach l,tui core image config fuse p9 disk base,$(call lib,$(l)))
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LINK_lxtop)

# All but libc statically where that can be: of the 12 million instructions of a short verb 11 were the dynamic
# linker's, who looked for names in libcrypto and, for libarchive's XML, in ICU.
STATIC_LIBS := config uv_a archive ext2fs com_err jansson crypto fuse3 acl lzma zstd lz4 bz2 z ncursesw tinfo vterm
LINK_static := -Wl,-Bstatic $(STATIC_LIBS:%=-l%) -Wl,-Bdynamic
LINK_lxtop = $(if $(STATIC_$(MODE)),$(LINK_static),$(call pkg,--libs,$(PKG_lxtop)))

$(O)/lxtop-vmm: $(O)/vmm/main.o $(foreach l,vmm p9 disk base,$(call lib,$(l)))
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(STATIC_$(MODE)) $(LDFLAGS) -o $@ $^ $(call pkg,--static --libs,$(PKG_vmm))

# A machine's process is linked statically where it can be: a fifth of its private memory and of its
# time to KVM_RUN went to the dynamic linker.  Sanitizers need it.
STATIC_release := -static-pie
STATIC_debug := -static-pie

# libslirp is a shared library only, and its pkg-config file asks for GLib's headers, which it does not need.
SLIRP := -lslirp
$(O)/lxtop-net: $(O)/vmm/net/main.o $(foreach l,net base,$(call lib,$(l)))
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(SLIRP)

# The guest's program is static and never instrumented: it is PID 1 of a small initramfs.
GUEST_OBJS := $(patsubst %.c,$(O)/guest/%.o,$(GUEST_SRC))
$(O)/guest/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) -std=gnu11 -Os -g -pthread $(PREFIX_MAP) $(WARN) $(CPPFLAGS) $(DEPFLAGS) -c -o $@ $<
$(O)/lxtop-guest: $(GUEST_OBJS)
	$(call say,LD)
	$(Q)$(CC) -static -s -pthread -Wl,--gc-sections -o $@ $^

# --- Tests ---------------------------------------------------------------------------------------
UNIT := $(patsubst %.c,$(O)/%,$(wildcard tests/unit/test_*.c))
TEST_LIBS := $(foreach l,core vmm net guest tui image config fuse p9 disk base,$(call lib,$(l)))
$(O)/tests/unit/%: $(O)/tests/unit/%.o $(TEST_LIBS)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< -Wl,--start-group $(TEST_LIBS) -Wl,--end-group \
	    $(call pkg,--libs,$(PKG_lxtop) $(PKG_vmm) cmocka) $(SLIRP) -lm

FUZZ := $(patsubst tests/fuzz/%.c,$(O)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
$(O)/tests/fuzz/%: $(O)/tests/fuzz/%.o $(TEST_LIBS)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $< -Wl,--start-group $(TEST_LIBS) \
	    -Wl,--end-group $(call pkg,--libs,$(PKG_lxtop) $(PKG_vmm)) $(SLIRP)

# What the end-to-end cases use on both sides.
LAB_PROGRAMS := $(O)/tests/lab/vsock $(O)/tests/lab/fsx $(O)/tests/lab/bridge $(O)/tests/lab/udp $(O)/tests/lab/lock $(O)/tests/lab/crowd
$(O)/tests/lab/%: $(O)/tests/lab/%.o
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -static $(LDFLAGS) -o $@ $<

$(O)/tests/lab/bridge: $(O)/tests/lab/bridge.o $(foreach l,fuse p9 base,$(call lib,$(l)))
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs,fuse3)

# Builds on all processors, unless the person has said on how many.
parallel = +$(Q)$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

.SECONDARY:
.PHONY: unit-programs fuzz-programs test unit fuzz lab-test
unit-programs: $(UNIT)
fuzz-programs: $(FUZZ)

# Everything, in one count: include rules, unit tests under asan and ubsan, each fuzz target for some
# seconds, and the end-to-end cases on a real /dev/kvm (in the lab where this machine has none).
test: deps
	$(parallel) all $(LAB_PROGRAMS)
	$(parallel) MODE=asan unit-programs
	$(parallel) MODE=fuzz fuzz-programs
	$(Q)tests/run layers headers unit fuzz lab
unit:
	$(parallel) MODE=asan unit-programs
	$(Q)tests/run unit
fuzz:
	$(parallel) MODE=fuzz fuzz-programs
	$(Q)FUZZ_SECONDS=60 FUZZ_SEED=0 tests/run fuzz
lab-test:
	$(parallel) all $(LAB_PROGRAMS)
	$(Q)LXTOP_SLOW=1 tests/run lab
# Docker and podman in a Debian 12: not part of `make test`, since emulated it takes about 20 minutes.
.PHONY: docker-test
docker-test: kernel
	$(parallel) all $(LAB_PROGRAMS)
	$(Q)tests/lab/debian docker
	$(Q)LXTOP_PATIENCE=1500 tests/lab/run --disk --ordinary --no-avx --mem 6144 tests/lab/suite docker

# --- The house rules -------------------------------------------------------------------------------
ROOMS := tui core core/base core/disk core/image config p9 vmm vmm/net vmm/guest
HEADERS := $(wildcard $(ROOMS:%=%/*.h))
SOURCES := $(wildcard $(ROOMS:%=%/*.c))
.PHONY: layers headers tidy format
layers:
	$(Q)tests/layers $(HEADERS) $(SOURCES)
headers: $(HEADERS:%.h=$(O)/%.h.ok)
$(O)/%.h.ok: %.h
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARN) $(CPPFLAGS) -x c -fsyntax-only -include $< /dev/null && touch $@
# A process for each file: in one for all, the checker of va_list mixes them up.
tidy: $(SOURCES:%.c=$(O)/%.tidy)
$(O)/%.tidy: %.c .clang-tidy
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet $< -- -std=gnu11 $(CPPFLAGS) 2> $@.log || { cat $@.log; exit 1; }
	@touch $@
format:
	$(Q)clang-format -i $(HEADERS) $(SOURCES) $(wildcard tests/unit/*.[ch] tests/fuzz/*.c)

# --- Set-up, kernels, demo, bench ------------------------------------------------------------------
DEPS := build-essential ccache pkg-config clang clang-format clang-tidy libclang-rt-14-dev \
    libncurses-dev libvterm-dev libconfig-dev libcmocka-dev libuv1-dev libarchive-dev libext2fs-dev libacl1-dev libbz2-dev \
    libjansson-dev libssl-dev libfuse3-dev fuse3 liburing-dev libseccomp-dev zlib1g-dev liblzma-dev liblz4-dev libzstd-dev \
    libslirp-dev \
    busybox-static qemu-system-x86 qemu-utils cpio kmod e2fsprogs mmdebstrap tmux attr acl xz-utils \
    python3-daemonize python3-dbus python3-evdev python3-pexpect python3-pkg-resources python3-pyte python3-pyudev python3-xdg \
    socat tshark diod sqlite3 flex bison bc libelf-dev linux-source-6.1 util-linux iproute2 git
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
.PHONY: deps kernel stock-kernel demo bench install clean help
deps:
	@missing=$$(for p in $(DEPS); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | \
	    grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then $(SUDO) apt-get -q update && \
	    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $$missing; fi
	$(Q)tests/unit/fenrir.py get
kernel: deps
	$(Q)config/kernel/build
stock-kernel: deps
	$(Q)config/kernel/stock
demo: stock-kernel
	$(parallel) all
	$(Q)tests/lab/demo
BENCH_PROGRAMS := $(patsubst %.c,$(O)/%,$(wildcard tests/bench/*.c))
bench: kernel
	$(parallel) all $(LAB_PROGRAMS) $(BENCH_PROGRAMS)
	$(Q)tests/bench/run
$(O)/tests/bench/console: $(O)/tests/bench/console.o $(call lib,base)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^
$(O)/tests/bench/%: $(O)/tests/bench/%.o
	$(Q)$(CC) $(ALL_CFLAGS) -static $(LDFLAGS) -o $@ $<

install: all
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin $(O)/lxtop
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/libexec/lxtop $(O)/lxtop-vmm $(O)/lxtop-net $(O)/lxtop-guest
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/lxtop README.md LICENSE config/lxtop.conf
clean:
	rm -rf out
help:
	@echo 'make [MODE=release|debug|asan|tsan|fuzz]   build out/MODE/{lxtop,lxtop-vmm,lxtop-net,lxtop-guest}'
	@echo 'make demo            install and boot a distro, all set-up included'
	@echo 'make test            all tests'
	@echo 'make kernel          the tuned guest kernel (stock-kernel: Debian'"'"'s)'
	@echo 'make bench           the table of speeds, and out/bench.json'
	@echo 'make install PREFIX= DESTDIR=   make deps|layers|headers|tidy|format|unit|fuzz|lab-test|clean'
