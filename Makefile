# lxtop: one non-recursive Makefile.  `make help` lists the targets.
MODE ?= release
O := out/$(MODE)

# --- Tools and flags ---------------------------------------------------------------------------
CLANG ?= clang
ifeq ($(MODE),fuzz)
CC := $(CLANG)
endif
PREFIX ?= /usr/local
WARN := -Wall -Wextra -Werror -Wshadow -Wvla -Wmissing-prototypes -Wstrict-prototypes -Wformat=2 \
        -Wpointer-arith
ifeq (,$(findstring clang,$(CC)))
WARN += -Wno-format-truncation
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
ALL_CFLAGS := -std=gnu11 -pthread $(WARN) $(CFLAGS_$(MODE)) $(CFLAGS)
DEPFLAGS = -MMD -MP

V ?= 0
Q := $(if $(filter 0,$(V)),@,)
say = $(if $(filter 0,$(V)),@echo "  $(1) $(MODE) $@",@:)

# --- What is built -----------------------------------------------------------------------------
# A folder is a library; a program is its main file and the libraries below it.  lxtop does not
# link libvmm.a: that is the proof that core and the VMM meet only on the wire.
LIB_base := $(wildcard core/base/*.c)
LIB_config := $(wildcard config/*.c)
LIB_p9 := $(wildcard p9/*.c)
LIB_core := $(wildcard core/*.c)
LIB_tui := $(filter-out tui/main.c,$(wildcard tui/*.c))
LIB_vmm := $(filter-out vmm/main.c,$(wildcard vmm/*.c))
LIBS := base config p9 core tui vmm
GUEST_SRC := $(wildcard vmm/guest/*.c) $(LIB_base)
PROGRAMS := $(O)/lxtop $(O)/lxtop-vmm $(O)/lxtop-guest

PKG_lxtop := ncursesw libconfig libuv libarchive ext2fs com_err jansson libcrypto
PKG_vmm := jansson liburing zlib liblzma liblz4 libzstd libcrypto
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

$(O)/lxtop: $(O)/tui/main.o $(foreach l,tui core config p9 base,$(call lib,$(l)))
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs,$(PKG_lxtop))

$(O)/lxtop-vmm: $(O)/vmm/main.o $(foreach l,vmm p9 base,$(call lib,$(l)))
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs,$(PKG_vmm))

# The guest's program is static and never instrumented: it is PID 1 of a small initramfs.
GUEST_OBJS := $(patsubst %.c,$(O)/guest/%.o,$(GUEST_SRC))
$(O)/guest/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) -std=gnu11 -Os -g -pthread $(WARN) $(CPPFLAGS) $(DEPFLAGS) -c -o $@ $<
$(O)/lxtop-guest: $(GUEST_OBJS)
	$(call say,LD)
	$(Q)$(CC) -static -s -pthread -Wl,--gc-sections -o $@ $^

# --- Tests ---------------------------------------------------------------------------------------
PKG_test := cmocka
UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT := $(patsubst %.c,$(O)/%,$(UNIT_SRC))
TEST_LIBS := $(foreach l,core vmm tui config p9 base,$(call lib,$(l)))
$(O)/tests/unit/%: $(O)/tests/unit/%.o $(TEST_LIBS)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< -Wl,--start-group $(TEST_LIBS) -Wl,--end-group \
	    $(call pkg,--libs,$(PKG_lxtop) $(PKG_vmm) $(PKG_test))

.SECONDARY:
.PHONY: unit
unit: $(UNIT)
	$(Q)tests/run unit $(O)/tests/unit
