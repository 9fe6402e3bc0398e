# xenometer: what it costs a Xen guest to reach the hypervisor, another vCPU
# or a process in dom0, by each path.  `make help` lists the targets.

V ?= 0
Q := $(if $(filter-out 0,$(V)),,@)
say = $(if $(filter-out 0,$(V)),,@echo "  $(1)	$(2)";)

# The architecture that image and programs are built for: `make ARCH=arm64 all` builds the image and
# the parts of the program for an ARM64 dom0, by Debian's cross compiler, in a folder of their own.
HERE    := $(if $(filter aarch64,$(shell uname -m)),arm64,x86)
ARCH    ?= $(HERE)
BUILD   := build$(if $(filter-out $(HERE),$(ARCH)),/$(ARCH))
PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= gcc
CROSS_arm64 := aarch64-linux-gnu-
CROSS_x86 := x86_64-linux-gnu-
CROSS   := $(if $(filter-out $(HERE),$(ARCH)),$(CROSS_$(ARCH)))
ifdef CROSS
CC      := $(CROSS)gcc
LD      := $(CROSS)ld
endif
OBJCOPY := $(CROSS)objcopy
DEPS    := $(BUILD)/.packages

.DELETE_ON_ERROR:
# On all CPUs, unless `make -j` says otherwise.
MAKEFLAGS += --jobs=$(shell nproc)

.PHONY: FORCE help all fuzz-corpus arm64 bench bench-all bench-all-cpus bench-intel bench-arm64 test snapshots test-host test-host-plain test-long test-browser docs docs-drawn model model-x86 fuzz lab install install-man man deb stick clean distclean coverage elf test-sanitized test-mutants fuzz-long

help:
	@echo "make all        build the unikernel, the dom0 program and the lab's agent"
	@echo "make bench      run the headline rows, print the table, write $(BUILD)/results.json"
	@echo "make bench-all  run every row of the catalogue in one domain of each kind, write $(BUILD)/results-all.json"
	@echo "make bench-intel  the headline rows on an Intel CPU, which Bochs emulates"
	@echo "make bench-all-cpus  the headline rows on AMD, Intel and ARM64, in one table"
	@echo "make bench-arm64  the same on an ARM64 CPU, in QEMU; builds what that takes by a cross compiler"
	@echo "make test       all tests: host (CUnit), image, lab (real Xen)"
	@echo "make test-host  only the tests that need no Xen, under sanitizers: seconds"
	@echo "make model      search all states of the rings' notification protocol (Spin)"
	@echo "make fuzz-corpus  from what fuzz found, the inputs in tests/fuzz anew"
	@echo "make fuzz       each parser of what a peer wrote, FUZZ_SECONDS=60 (clang, libFuzzer)"
	@echo "make test-long  the lab tests that take longer"
	@echo "make test-sanitized  the backend under ASan and UBSan, and TSan, in the lab: attacks, a million requests"
	@echo "make test-mutants  takes out each defence and sees its test fail, MUTANTS=F6 for one"
	@echo "make lab        assemble the lab: real Xen and dom0 in QEMU, with its snapshot"
	@echo "make test-browser  the HTML report in a real browser (Chromium)"
	@echo "make docs       pictures and report in dom0-tools/docs/, from a run of every row"
	@echo "make coverage   line coverage of the host tests and of a lab's dom0; fails below what is promised"
	@echo "make stick      an image that boots any PC into Xen and measures there, $(BUILD)/stick.img"
	@echo "make install    into PREFIX=$(PREFIX)"
	@echo "make deb        a Debian package of what is committed, in $(BUILD)/deb"
	@echo "make clean      remove $(BUILD)/ (the lab's cache stays: xenometer lab clean)"
	@echo "V=1 shows the commands."

# What emulators load: PLUGINS, names in $(BUILD); PLUGIN_SOURCES, which are no part of the program.
PLUGINS := trace-plugin.so
TRACE_PLUGIN := dom0-tools/trace/plugin.c dom0-tools/trace/plugin_x86.c dom0-tools/trace/plugin_arm64.c
PLUGIN_SOURCES := $(TRACE_PLUGIN)
# A machine's folder says what of it is built otherwise than the program.
MACHINES := $(wildcard dom0-tools/machines/*/machine.mk)
include $(MACHINES)

# What students' code is built with (dom0-tools/lessons/exercise.h).
EXERCISE := $(BUILD)/exercise-parts.o $(BUILD)/exercise.flags $(BUILD)/kernel.lds

# WebAssembly, where wabt is installed; without it its columns are skipped, and say so.
WABT := $(if $(shell command -v wat2wasm),$(wildcard /usr/src/wasm2c))
WASM := $(if $(WABT),$(BUILD)/xenometer-wasm $(BUILD)/xenometer.wasm)

# For another architecture: what a lab of it takes, which this machine does not run.
ifdef CROSS
all: $(BUILD)/xenometer.elf $(BUILD)/xenometer-test.elf $(BUILD)/xenometer-parts.o $(BUILD)/lab-agent \
	$(if $(filter arm64,$(ARCH)),$(BUILD)/xenometer.image $(BUILD)/xenometer-test.image) \
	$(if $(filter arm64,$(ARCH)),$(BUILD)/xenometer-vmm)
else
all: $(BUILD)/xenometer $(BUILD)/xenometer.elf $(if $(filter arm64,$(ARCH)),$(BUILD)/xenometer.image) $(BUILD)/xenometer-evil $(BUILD)/xenometer-test.elf $(BUILD)/lab-agent $(EXERCISE) \
	$(PLUGINS:%=$(BUILD)/%) $(BUILD)/linux-init $(BUILD)/xenometer-app $(BUILD)/xenometer-vmm $(BUILD)/xenometer-wire $(WASM)
endif
elf: $(BUILD)/xenometer.elf

# Packages: checked once, again whenever the list changes.
PACKAGE_LISTS := configs/packages $(if $(CROSS),configs/packages-$(ARCH))
$(DEPS): $(PACKAGE_LISTS) configs/install-packages
	$(Q)for list in $(PACKAGE_LISTS); do configs/install-packages $$list || exit 1; done
	@mkdir -p $(@D) && touch $@

WARNINGS := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes

# ---------------------------------------------------------------- unikernel

# Folders of the architecture's name in domU-kernel/ hold what is of it, everything else is the
# same for all.

# Objects are linked directly: out of an archive the row table would be empty.  In the order of
# their names, whichever architecture they are of: so is the table.
KERNEL_SOURCES := $(wildcard domU-kernel/*.c $(foreach k,c S,domU-kernel/*/*.$(k) domU-kernel/*/$(ARCH)/*.$(k)))
KERNEL_SOURCES := $(filter-out %.lds.S,$(KERNEL_SOURCES))
KERNEL_SOURCES := $(shell printf '%s\n' $(KERNEL_SOURCES) | \
	sed 's,\(.*\)/$(ARCH)/\(.*\),\1/\2 &,;t;s,.*,& &,' | LC_ALL=C sort | cut -d' ' -f2)
KERNEL_OBJECTS := $(KERNEL_SOURCES:%=$(BUILD)/%.o)
# General registers only: an upcall would otherwise have to save the others.
# No red zone: CALLs in inline assembly would overwrite it.
# Not aligned: padding would be a fifth of the code, and nothing here is a hot loop.
# Atomics in line: without a C library nobody has the functions that ARM64's would call.
KERNEL_CFLAGS_x86 := -mno-red-zone -fcf-protection=none -malign-data=abi
KERNEL_CFLAGS_arm64 := -march=armv8-a -mno-outline-atomics -mbranch-protection=none
KERNEL_CODE := -std=gnu11 -O2 -g -ffreestanding -fno-pie \
	-mgeneral-regs-only -fno-stack-protector $(KERNEL_CFLAGS_$(ARCH)) \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing \
	-falign-functions=1 -falign-jumps=1 -falign-loops=1 -fno-toplevel-reorder
KERNEL_CFLAGS := $(KERNEL_CODE) $(WARNINGS) '-ffile-prefix-map=$(CURDIR)/='
KERNEL_INTERFACE := -D__XEN_INTERFACE_VERSION__=0x00040e00
KERNEL_HEADERS := -IdomU-kernel/arch/$(ARCH) $(KERNEL_INTERFACE)
KERNEL_CPPFLAGS := -Iinclude -Ishared $(KERNEL_HEADERS)

# What no row has in its timed region is compiled for size: 128 KiB are for rows.
KERNEL_UNTIMED := arch/memory arch/panic arch/smp arch/$(ARCH)/mode arch/$(ARCH)/smp arch/$(ARCH)/window arch/x86/bare arch/x86/memory_pv drivers/device drivers/x86/pci drivers/x86/power entry/$(ARCH)/start harness/harness lib/format main xen/balloon xen/control xen/suspend xen/x86/suspend_pv xen/xenbus
$(KERNEL_UNTIMED:%=$(BUILD)/domU-kernel/%.c.o): KERNEL_CFLAGS += -Os

$(BUILD)/domU-kernel/%.c.o: domU-kernel/%.c Makefile $(DEPS)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(KERNEL_CFLAGS) $(KERNEL_CPPFLAGS) -MMD -MP -c $< -o $@

# Rows that go wrong on purpose: a second image for the tests.
TEST_ROWS := $(patsubst %,$(BUILD)/%.o,$(sort $(wildcard tests/image/rows/*.c tests/image/rows/$(ARCH)/*.c)))
$(BUILD)/tests/image/rows/%.c.o: tests/image/rows/%.c Makefile $(DEPS)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(KERNEL_CFLAGS) $(KERNEL_CPPFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/domU-kernel/%.S.o: domU-kernel/%.S Makefile $(DEPS)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(KERNEL_CFLAGS) $(KERNEL_CPPFLAGS) -D__ASSEMBLY__ -MMD -MP -c $< -o $@

$(BUILD)/kernel.lds: domU-kernel/entry/$(ARCH)/kernel.lds.S Makefile $(DEPS)
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P -x c $< -o $@

# A file that goes is no prerequisite any more: this list says that there was one.
$(BUILD)/sources: FORCE
	@mkdir -p $(@D)
	@echo $(KERNEL_SOURCES) $(TOOL_SOURCES) | cmp -s - $@ || \
		echo $(KERNEL_SOURCES) $(TOOL_SOURCES) >$@
FORCE:
$(BUILD)/xenometer.elf.debug $(BUILD)/xenometer-parts.o: $(BUILD)/sources

$(BUILD)/xenometer.elf.debug: $(KERNEL_OBJECTS)
$(BUILD)/xenometer-test.elf.debug: $(KERNEL_OBJECTS) $(TEST_ROWS)
$(BUILD)/%.elf.debug: $(BUILD)/kernel.lds
	$(call say,LD,$@)
	$(Q)$(LD) -nostdlib -static --build-id=sha1 -z noexecstack -z max-page-size=4096 \
		-T $(BUILD)/kernel.lds -o $@ $(filter %.o,$^)

$(BUILD)/%.elf: $(BUILD)/%.elf.debug
	$(Q)$(OBJCOPY) --strip-all $< $@

# What libxl loads on ARM64: the same, flat, with the header in front (entry/arm64/image.S).
$(BUILD)/%.image: $(BUILD)/%.elf.debug
	$(Q)$(OBJCOPY) -O binary $< $@

# What students' code is compiled with and linked to (dom0-tools/lessons/exercise.h): the unikernel
# without its rows, but for the empty one.
EXERCISE_OBJECTS := $(filter-out $(BUILD)/domU-kernel/rows/%,$(KERNEL_OBJECTS)) $(BUILD)/domU-kernel/rows/baseline.c.o
$(BUILD)/exercise-parts.o: $(EXERCISE_OBJECTS) $(BUILD)/sources
	$(call say,LD,$@)
	$(Q)$(LD) -r -o $@ $(EXERCISE_OBJECTS)

$(BUILD)/exercise.flags: Makefile
	@mkdir -p $(@D)
	@echo '$(KERNEL_CODE) -Wall -Wextra $(KERNEL_INTERFACE)' >$@

# ------------------------------------------------------------- dom0 program

TOOL_SOURCES := $(sort $(wildcard dom0-tools/*.c dom0-tools/*/*.c dom0-tools/*/*/*.c shared/*.c))
TOOL_SOURCES := $(filter-out dom0-tools/machines/agent.c $(PLUGIN_SOURCES) dom0-tools/guests/linux/init.c dom0-tools/guests/kvm/% dom0-tools/app/% dom0-tools/systems/older_libc.c,$(TOOL_SOURCES))
TOOL_OBJECTS := $(TOOL_SOURCES:%=$(BUILD)/%.o)
TOOL_CFLAGS  := -std=gnu11 -O2 -g $(WARNINGS)
# Across, the compiler has its own libc's headers; those of the libraries are the same for all.
TOOL_CPPFLAGS := -D_GNU_SOURCE -Iinclude -Ishared -Idom0-tools $(if $(CROSS),-idirafter /usr/include) \
	-DDATA_DIRECTORY='"$(PREFIX)/lib/xenometer"'
TOOL_PACKAGES := xencall xencontrol xenevtchn xengnttab xenstore xendevicemodel \
	xenforeignmemory jansson smartcols
# libarchive and libseccomp statically: the lab's dom0 runs this program too, and would
# otherwise need libxml2 and ICU (30 MB) for it.  libxenvchan too: its name is another with
# each Xen, but not what it calls.
STATIC_LIBS := -larchive -lseccomp -lxenvchan
# Another architecture's are in the lab's packages: systems/suite.c links them.
PARTS_LIBS := $(if $(CROSS),,-Wl,-Bstatic $(STATIC_LIBS))
TOOL_LIBS = $$(pkg-config --libs $(TOOL_PACKAGES)) -Wl,-Bstatic $(STATIC_LIBS) -Wl,-Bdynamic

$(BUILD)/%.c.o: %.c Makefile $(DEPS)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TOOL_CFLAGS) $(TOOL_CPPFLAGS) -MMD -MP -c $< -o $@

# The unikernel's own headers are for this version of Xen's interface.
$(foreach b,sanitized plain,$(BUILD)/$(b)/tests/host/test_vbd.c.o $(BUILD)/$(b)/domU-kernel/drivers/vbd_requests.c.o): \
	TOOL_CPPFLAGS += $(KERNEL_HEADERS)

# The parts of the HTML report are within the program.
$(BUILD)/dom0-tools/report/page.c.o $(BUILD)/sanitized/dom0-tools/report/page.c.o $(BUILD)/threads/dom0-tools/report/page.c.o $(BUILD)/fuzz/dom0-tools/report/page.c.o: \
	$(wildcard dom0-tools/report/page/*)

# Descriptors in the order of their files, as the image's.
$(BUILD)/dom0-tools/rows/%.c.o $(BUILD)/sanitized/dom0-tools/rows/%.c.o $(BUILD)/threads/dom0-tools/rows/%.c.o: \
	TOOL_CPPFLAGS += -fno-toplevel-reorder

# libxenctrl has no stable ABI, and libc none backwards: for a lab's dom0 the one file that
# uses libxenctrl is compiled anew, and linked with all the others (systems/suite.c).
XENCTRL := $(BUILD)/dom0-tools/backend/xenctrl.c.o
XENCTRL_FILES := dom0-tools/backend/xenctrl.c dom0-tools/backend/xenctrl.h \
	dom0-tools/xenometer.h dom0-tools/systems/older_libc.c include/xenometer/row.h
$(BUILD)/xenometer-parts.o: $(filter-out $(XENCTRL),$(TOOL_OBJECTS))
	$(call say,LD,$@)
	$(Q)$(CC) -r -nostdlib -o $@ $(filter %.o,$^) $(PARTS_LIBS)

$(BUILD)/xenometer: $(BUILD)/xenometer-parts.o $(XENCTRL)
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $^ $(TOOL_LIBS)

$(BUILD)/lab-agent: dom0-tools/machines/agent.c Makefile $(DEPS)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TOOL_CFLAGS) $(TOOL_CPPFLAGS) -MMD -MP -MF $(BUILD)/lab-agent.d -static -s $< -o $@

# Process 1 of a Linux domain: alone there, without libraries.
$(BUILD)/linux-init: dom0-tools/guests/linux/init.c Makefile $(DEPS)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TOOL_CFLAGS) $(TOOL_CPPFLAGS) -MMD -MP -MF $(BUILD)/linux-init.d -static -s $< -o $@

# The monitor of the KVM column: alone in the lab without Xen.  It and the application are where no
# other program is, neither the unikernel nor gVisor's: `trace` tells them by their addresses.
VMM_x86   := dom0-tools/guests/kvm/vmm.c
VMM_arm64 := dom0-tools/guests/kvm/vmm_arm64.c
$(BUILD)/xenometer-vmm: $(VMM_$(ARCH):%=$(BUILD)/%.o) $(BUILD)/dom0-tools/guests/kvm/monitor.c.o \
		$(BUILD)/dom0-tools/guests/kvm/others.c.o
	$(call say,LD,$@)
	$(Q)$(CC) -static -no-pie -Wl,-Ttext-segment=0x50000000 -o $@ $(filter %.o,$^)
$(BUILD)/dom0-tools/guests/kvm/%: TOOL_CFLAGS += -fno-pie

# What QEMU's network cards are on in the place of a dom0's bridge.
$(BUILD)/xenometer-wire: $(patsubst %,$(BUILD)/dom0-tools/%.c.o,guests/kvm/wire backend/bridge backend/frame \
		backend/reflector lib/cancel lib/child lib/program lib/stage)
	$(call say,LD,$@)
	$(Q)$(CC) -static -no-pie -Wl,-Ttext-segment=0x58000000 -o $@ $^

# The application of the columns that are no domains: alone in a container, without libraries.  Not
# position-independent: its table of rows is read as it is in the file.
APP_SOURCES := $(sort $(wildcard dom0-tools/app/*.c dom0-tools/app/rows/*.c))
APP_OBJECTS := $(APP_SOURCES:%=$(BUILD)/%.o)
$(APP_OBJECTS): TOOL_CFLAGS += -fno-pie -fno-toplevel-reorder
$(BUILD)/xenometer-app: $(APP_OBJECTS)
	$(call say,LD,$@)
	$(Q)$(CC) -static -no-pie -Wl,-Ttext-segment=0x40000000 -Wl,--build-id=sha1 -o $@ $^

# The same in WebAssembly: a program of its own, which finds an engine's library when it runs.
WASM_OBJECTS := $(filter-out %/app/main.c.o,$(APP_OBJECTS)) \
	$(patsubst %,$(BUILD)/%.o,$(wildcard dom0-tools/app/wasm/*.c))
$(BUILD)/dom0-tools/app/wasm/%: TOOL_CFLAGS += -fno-pie
$(BUILD)/dom0-tools/app/wasm/wasm2c.c.o: $(BUILD)/wasm/module.h
$(BUILD)/dom0-tools/app/wasm/wasm2c.c.o: TOOL_CPPFLAGS += -I$(BUILD)/wasm -I$(WABT) \
	$$(grep -q Z_module $(BUILD)/wasm/module.h && echo -DWASM2C_OLD_NAMES)
$(BUILD)/xenometer.wasm: dom0-tools/app/wasm/module.wat Makefile
	$(call say,WAT,$<)
	@mkdir -p $(@D)
	$(Q)wat2wasm $< -o $@
$(BUILD)/wasm/module.h: $(BUILD)/xenometer.wasm
	$(call say,WASM2C,$<)
	@mkdir -p $(@D)
	$(Q)wasm2c -n module $< -o $(@:.h=.c)
# What wabt writes has no -Wextra, and its runtime is wabt's.
$(BUILD)/xenometer-wasm: $(WASM_OBJECTS) $(BUILD)/wasm/module.h
	$(call say,LD,$@)
	$(Q)$(CC) -std=gnu11 -O2 -g -w -D_GNU_SOURCE -fno-pie -no-pie -I$(BUILD)/wasm -I$(WABT) \
		-Wl,-Ttext-segment=0x40000000 -Wl,--build-id=sha1 -o $@ $(WASM_OBJECTS) \
		$(BUILD)/wasm/module.c $(filter-out %exceptions-impl.c,$(wildcard $(WABT)/*.c)) -lm

# QEMU's own functions are found when it loads these.
$(BUILD)/trace-plugin.so: $(TRACE_PLUGIN)

$(BUILD)/%-plugin.so: Makefile $(DEPS)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TOOL_CFLAGS) $(TOOL_CPPFLAGS) -fvisibility=hidden -fPIC -shared -MMD -MP -MF $(@:.so=.d) \
		-o $@ $(filter %.c,$^)

# -------------------------------------------------------------------- tests

TEST_CFLAGS := -std=gnu11 -O0 -g $(WARNINGS) -Wno-format-truncation -fsanitize=address,undefined \
	-fno-sanitize-recover=all -fno-omit-frame-pointer
TEST_SOURCES := $(sort $(wildcard tests/host/*.c))
TEST_TOOL_SOURCES := $(filter-out dom0-tools/main.c,$(TOOL_SOURCES))
# Of the unikernel what is pure C.
TEST_KERNEL_SOURCES := domU-kernel/drivers/vbd_requests.c
TEST_OBJECTS := $(patsubst %,$(BUILD)/sanitized/%.o,$(TEST_SOURCES) $(TEST_TOOL_SOURCES) \
	$(TEST_KERNEL_SOURCES))

$(BUILD)/sanitized/%.c.o: %.c Makefile $(DEPS)
	$(call say,CC,$< (sanitized))
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_CFLAGS) $(TOOL_CPPFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/test-host: $(TEST_OBJECTS)
	$(call say,LD,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $(TEST_OBJECTS) $(TOOL_LIBS) -lcunit

# The same tests on the program's own objects, in half the time: those under the sanitizers are
# `make test-host`, which CI runs too.
PLAIN_CFLAGS := -std=gnu11 -O0 -g $(WARNINGS) -Wno-format-truncation
PLAIN_OBJECTS := $(patsubst %,$(BUILD)/plain/%.o,$(TEST_SOURCES) $(TEST_KERNEL_SOURCES))
$(BUILD)/plain/%.c.o: %.c Makefile $(DEPS)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(PLAIN_CFLAGS) $(TOOL_CPPFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/test-host-plain: $(PLAIN_OBJECTS) $(patsubst %,$(BUILD)/%.o,$(TEST_TOOL_SOURCES))
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $^ $(TOOL_LIBS) -lcunit

# Tests are compiled oftener than they are run.
$(BUILD)/tests/lab/%.c.o $(BUILD)/tests/image/%.c.o: TOOL_CFLAGS = $(PLAIN_CFLAGS)

$(BUILD)/test-lab: $(patsubst %,$(BUILD)/%.o,$(sort $(wildcard tests/lab/*.c)))
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $^ -ljansson -lcunit -lm

# The program with hostile backends beside its own, for the tests; linked from all its
# objects, since --wrap does not look into one that is linked already.
EVIL_OBJECTS := $(patsubst %,$(BUILD)/%.o,$(sort $(wildcard tests/evil/*.c)))
EVIL_WRAPPED := services_turn device_free $(shell sed -n 's/^WRAP.[^,]*, \([a-z0-9_]*\),.*/\1/p' tests/evil/faults.c)
$(BUILD)/xenometer-evil-parts.o: $(filter-out $(XENCTRL),$(TOOL_OBJECTS)) $(EVIL_OBJECTS)
	$(call say,LD,$@)
	$(Q)$(CC) -r -nostdlib -o $@ $^ $(EVIL_WRAPPED:%=-Wl,--wrap=%) -Wl,-Bstatic $(STATIC_LIBS)

$(BUILD)/xenometer-evil: $(BUILD)/xenometer-evil-parts.o $(XENCTRL)
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $^ $(TOOL_LIBS)

# The program under AddressSanitizer and UBSan, and under ThreadSanitizer, whose runtimes go into its
# parts: a lab's dom0 has none.
RUNTIME = $(shell $(CC) -print-file-name=$(1))
SANITIZED_SOURCES := $(filter-out dom0-tools/backend/xenctrl.c,$(TOOL_SOURCES)) tests/sanitized/suite.c
RUNTIME_sanitized = $(call RUNTIME,libasan_preinit.o) -Wl,--whole-archive $(call RUNTIME,libasan.a) \
	-Wl,--no-whole-archive $(call RUNTIME,libubsan.a)
RUNTIME_threads = $(call RUNTIME,libtsan_preinit.o) -Wl,--whole-archive $(call RUNTIME,libtsan.a) \
	-Wl,--no-whole-archive
THREADS_CFLAGS := -std=gnu11 -O1 -g $(WARNINGS) -Wno-format-truncation -Wno-tsan -fsanitize=thread

$(BUILD)/threads/%.c.o: %.c Makefile $(DEPS)
	$(call say,CC,$< (threads))
	@mkdir -p $(@D)
	$(Q)$(CC) $(THREADS_CFLAGS) $(TOOL_CPPFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/xenometer-sanitized-parts.o $(BUILD)/xenometer-threads-parts.o: $(BUILD)/xenometer-%-parts.o: \
		$(foreach s,$(SANITIZED_SOURCES),$(BUILD)/%/$(s).o)
	$(call say,LD,$@)
	$(Q)$(CC) -r -nostdlib -o $@ $^ $(RUNTIME_$*) $(call RUNTIME,libgcc_eh.a) -Wl,-Bstatic $(STATIC_LIBS)

$(BUILD)/xenometer-sanitized $(BUILD)/xenometer-threads: %: %-parts.o $(XENCTRL)
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $^ $(TOOL_LIBS) -lm

# The program that counts its lines, out of the host tests' objects of `make coverage`; with evil
# backends and calls that fail, and without what stops a process from writing its counters.
COUNTED := build/xenometer-counted
COUNTED_WRAPPED := $(EVIL_WRAPPED) seccomp_load syscall
COUNTED_OBJECTS := $(patsubst %,$(BUILD)/sanitized/%.o,$(filter-out dom0-tools/backend/xenctrl.c,$(TOOL_SOURCES)) \
	tests/coverage/suite.c) $(patsubst %,$(BUILD)/%.o,$(filter-out tests/evil/suite.c,$(sort $(wildcard tests/evil/*.c))))
$(BUILD)/sanitized/tests/coverage/suite.c.o: TOOL_CPPFLAGS += -DCOUNTED_DIRECTORY='"$(CURDIR)/$(BUILD)/lab/"'
$(COUNTED)-parts.o: $(COUNTED_OBJECTS)
	$(call say,LD,$@)
	$(Q)mkdir -p $(BUILD)/lab
	$(Q)$(CC) -r -nostdlib -o $@ $^ $(COUNTED_WRAPPED:%=-Wl,--wrap=%) -Wl,--whole-archive \
		$(call RUNTIME,libgcov.a) -Wl,--no-whole-archive -Wl,-Bstatic $(STATIC_LIBS)

$(COUNTED): $(COUNTED)-parts.o $(XENCTRL)
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $^ $(TOOL_LIBS)

# For the Linux domUs of the tests, and their dom0.
$(BUILD)/linux-frames $(BUILD)/linux-blocks $(BUILD)/linux-killer $(BUILD)/linux-registers: $(BUILD)/linux-%: tests/lab/linux/%.c Makefile $(DEPS)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TOOL_CFLAGS) $(TOOL_CPPFLAGS) -MMD -MP -MF $@.d -static $< -o $@

$(BUILD)/test-image: $(patsubst %,$(BUILD)/%.o,$(sort $(wildcard tests/image/*.c)) $(TEST_TOOL_SOURCES))
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $^ $(TOOL_LIBS) -lcunit

# Instructions to be counted by hand, for the plugin.
$(BUILD)/test-count.elf: tests/plugin/count.S tests/plugin/count.lds Makefile $(DEPS)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -c -o $(BUILD)/test-count.o $<
	$(Q)$(LD) --no-warn-rwx-segments -nostdlib -static -z noexecstack \
		-T tests/plugin/count.lds -o $@ $(BUILD)/test-count.o

test-host test-host-plain: test-%: $(BUILD)/test-% $(BUILD)/test-image $(BUILD)/test-count.elf all
	$(Q)$(BUILD)/$@
	$(Q)$(BUILD)/test-image $(BUILD)/xenometer.elf
	$(Q)tests/mutants/run --applies

# The barriers of shared/ring.h: the protocol holds, and without any of them it does not.  ARM's
# order has six times the states of x86's (check prints both).
model: $(DEPS)
	$(Q)tests/model/check $(BUILD)/model
model-x86: $(DEPS)
	$(Q)tests/model/check $(BUILD)/model x86

# One program a file; what each needs of the rest comes out of one archive, but for columns and
# emulators, which nobody names.
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/*.c)))
FUZZ_SECONDS ?= 60
FUZZ_CFLAGS := -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_OBJECTS := $(patsubst %,$(BUILD)/fuzz/%.o,$(TEST_TOOL_SOURCES) $(TEST_KERNEL_SOURCES))
FUZZ_NAMELESS := $(patsubst %,$(BUILD)/fuzz/%.o,$(wildcard \
	dom0-tools/guests/*.c dom0-tools/machines/*/instance.c))

$(BUILD)/fuzz/.packages: configs/packages-fuzz configs/install-packages $(DEPS)
	$(Q)configs/install-packages configs/packages-fuzz
	@mkdir -p $(@D) && touch $@

$(BUILD)/fuzz/%.c.o: %.c Makefile $(BUILD)/fuzz/.packages
	$(call say,CLANG,$<)
	@mkdir -p $(@D)
	$(Q)clang $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link $(TOOL_CPPFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/fuzz/parts.a: $(filter-out $(FUZZ_NAMELESS),$(FUZZ_OBJECTS))
	$(Q)rm -f $@ && ar rcs $@ $^

# The unikernel's headers are for this version of Xen's interface.
$(BUILD)/fuzz/domU-kernel/%.c.o $(BUILD)/fuzz/tests/fuzz/frontend.c.o: \
	TOOL_CPPFLAGS += $(KERNEL_HEADERS)

$(FUZZERS:%=$(BUILD)/fuzz/%): $(BUILD)/fuzz/%: $(BUILD)/fuzz/tests/fuzz/%.c.o $(FUZZ_NAMELESS) $(BUILD)/fuzz/parts.a
	$(call say,LD,$@)
	$(Q)clang $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(TOOL_LIBS)

# What was found to lead somewhere stays in build/fuzz/NAME.inputs; an input that fails, too.
fuzz: $(FUZZERS:%=$(BUILD)/fuzz/%)
	$(Q)for name in $(FUZZERS); do \
		echo "  FUZZ	$$name, $(FUZZ_SECONDS) s"; \
		mkdir -p $(BUILD)/fuzz/$$name.inputs; \
		if [ -f tests/fuzz/$$name.seed ]; then cp tests/fuzz/$$name.seed $(BUILD)/fuzz/$$name.inputs; fi; \
		n=0; while read -r input; do n=$$((n + 1)); \
			echo "$$input" | base64 -d >$(BUILD)/fuzz/$$name.inputs/corpus-$$n; done <tests/fuzz/$$name.corpus; \
		words=tests/fuzz/$$name.dict; [ -f $$words ] && words=-dict=$$words || words=; \
		$(BUILD)/fuzz/$$name $$words -max_total_time=$(FUZZ_SECONDS) -max_len=16384 \
			-artifact_prefix=$(BUILD)/fuzz/$$name- $(BUILD)/fuzz/$$name.inputs \
			>$(BUILD)/fuzz/$$name.log 2>&1 || { tail -40 $(BUILD)/fuzz/$$name.log; exit 1; }; \
		tail -1 $(BUILD)/fuzz/$$name.log; done

# The inputs of the tree, an input a line: of what was found, as few and short ones as lead as far.
fuzz-corpus: $(FUZZERS:%=$(BUILD)/fuzz/%)
	$(Q)for name in $(FUZZERS); do \
		merged=$(BUILD)/fuzz/$$name.merged; rm -rf $$merged; mkdir $$merged; \
		$(BUILD)/fuzz/$$name -merge=1 -max_len=512 $$merged $(BUILD)/fuzz/$$name.inputs \
			>$(BUILD)/fuzz/$$name.log 2>&1 || { tail -40 $(BUILD)/fuzz/$$name.log; exit 1; }; \
		for input in $$merged/*; do base64 -w0 $$input; echo; done | LC_ALL=C sort >tests/fuzz/$$name.corpus; done

fuzz-long:
	$(Q)$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=900

# The snapshots first, so that no two suites wait for the same one.  A boot is one thread's: while
# it runs the other CPUs compile the tests and run those that need no Xen.
snapshots: all
	$(Q)$(BUILD)/xenometer lab build
	$(Q)$(BUILD)/xenometer lab build --clock=fast
	$(Q)$(BUILD)/xenometer lab build --smp

test: snapshots test-host-plain model-x86 $(BUILD)/test-lab $(BUILD)/xenometer-test.elf \
		$(BUILD)/xenometer-evil $(BUILD)/linux-registers
	$(Q)$(BUILD)/test-lab

# What a visitor sees before running anything, from a run of everything: a quarter of an hour.  Drawn
# again from the figures that are there: docs-drawn.
DOCS_TRACES := port/qemu-ide:hvm ring/echo-64b:pv hypercall/null:pvh
docs: all
	$(Q)$(BUILD)/xenometer run --layers --deadline=7200 --output=$(BUILD)/docs.json '*' >/dev/null
	$(Q)mkdir -p dom0-tools/docs && gzip -9nc $(BUILD)/docs.json >dom0-tools/docs/results.json.gz
	$(Q)for trace in $(DOCS_TRACES); do \
		name=dom0-tools/docs/trace-$$(echo $${trace%:*} | tr / -).json; \
		$(BUILD)/xenometer trace $${trace%:*} --mode=$${trace#*:} --json >$$name && gzip -9nf $$name || exit 1; done
	$(Q)$(MAKE) --no-print-directory docs-drawn

docs-drawn: all
	$(Q)dom0-tools/docs/draw $(BUILD)

# The report in Debian's Chromium, headless.
$(BUILD)/.packages-browser: configs/packages-browser configs/install-packages $(DEPS)
	$(Q)configs/install-packages configs/packages-browser
	@touch $@

test-browser: all $(BUILD)/.packages-browser
	$(Q)tests/browser/check $(BUILD)

# What other CPUs take is in their lists of packages, and each list is enough: in a fresh Debian 13.
test-long: test-browser model $(BUILD)/test-lab $(BUILD)/test-image $(BUILD)/xenometer-test.elf $(BUILD)/xenometer-evil \
		$(BUILD)/linux-frames $(BUILD)/linux-blocks $(BUILD)/linux-killer $(BUILD)/linux-registers \
		$(BUILD)/.packages-bochs all arm64
	$(Q)tests/package
	$(Q)tests/stick
	$(Q)tests/debian-host/run bookworm trixie || [ $$? = 77 ]
	$(Q)tests/debian13 --fresh 'make arm64 bench-intel && build/xenometer run --cpu=arm64 --boots=1 hypercall/null' || \
		[ $$? = 77 ]
	$(Q)$(BUILD)/test-image $(BUILD)/arm64/xenometer.elf
	$(Q)$(BUILD)/test-lab --long

# Under AddressSanitizer and UBSan: all hostile frontends, and a million requests, with both daemons of
# XenStore; under ThreadSanitizer the same attacks, and rows that have threads.
SANITIZED_LAB = lab run --deadline=7200 --push=$(BUILD)/xenometer-evil --push=$(BUILD)/xenometer-test.elf \
	--push=$(BUILD)/xenometer.elf --push=configs/pv.cfg --push=configs/pvh.cfg --push=configs/hvm.cfg \
	--push=tests/sanitized/dom0
test-sanitized: all $(BUILD)/xenometer-sanitized $(BUILD)/xenometer-threads
	$(Q)$(BUILD)/xenometer-sanitized $(SANITIZED_LAB) --push=$(BUILD)/xenometer-sanitized -- \
		sh ./dom0 xenometer-sanitized million/blkif-own
	$(Q)$(BUILD)/xenometer-sanitized $(SANITIZED_LAB) --push=$(BUILD)/xenometer-sanitized \
		--dom0-options=xenometer.xenstored=oxenstored -- sh ./dom0 xenometer-sanitized million/blkif-own
	$(Q)$(BUILD)/xenometer-threads $(SANITIZED_LAB) --push=$(BUILD)/xenometer-threads -- \
		sh ./dom0 xenometer-threads

# Each defence taken out: the tests that are for it must fail.
test-mutants: all $(BUILD)/test-host
	$(Q)tests/mutants/run $(MUTANTS)

# Line coverage of what the host tests and the lab's runs reach (tests/coverage).
coverage: all $(BUILD)/test-count.elf
	$(Q)tests/coverage/run $(BUILD)

# --------------------------------------------------------------------- uses

bench: all
	$(Q)$(BUILD)/xenometer run --output=$(BUILD)/results.json

bench-all: all
	$(Q)$(BUILD)/xenometer run --boots=1 --output=$(BUILD)/results-all.json '*'

$(BUILD)/.packages-bochs: configs/packages-bochs configs/install-packages $(DEPS)
	$(Q)configs/install-packages configs/packages-bochs
	@touch $@

# What --cpu=arm64 takes: by another compiler, in a folder of its own.
arm64: $(DEPS)
	$(Q)$(MAKE) --no-print-directory ARCH=arm64 all

bench-arm64: all arm64
	$(Q)$(BUILD)/xenometer run --cpu=arm64 --output=$(BUILD)/results-arm64.json

# PV, PVH and HVM on AMD and Intel, ARM64: one table.
bench-all-cpus: all arm64 $(BUILD)/.packages-bochs
	$(Q)$(BUILD)/xenometer run --cpu=amd,intel,arm64 --modes=pv,pvh,hvm,arm64 --output=$(BUILD)/results.json

bench-intel: all $(BUILD)/.packages-bochs
	$(Q)$(BUILD)/xenometer run --cpu=intel --output=$(BUILD)/results-intel.json

# Boots any PC into Xen and measures there.
$(BUILD)/.packages-stick: configs/packages-stick configs/install-packages $(DEPS)
	$(Q)configs/install-packages configs/packages-stick
	@touch $@

stick: all $(BUILD)/.packages-stick
	$(Q)$(BUILD)/xenometer stick $(BUILD)/stick.img

lab: all
	$(Q)$(BUILD)/xenometer lab build

# All of it is this architecture's, or belongs to that: one directory, PREFIX/lib/xenometer.
INSTALLED := $(DESTDIR)$(PREFIX)/lib/xenometer
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(INSTALLED)/configs/lab $(INSTALLED)/configs/lab-linux $(INSTALLED)/schema
	install -m 755 $(BUILD)/xenometer $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(BUILD)/xenometer.elf $(BUILD)/xenometer.elf.debug $(BUILD)/xenometer-parts.o $(INSTALLED)/
	for file in $(XENCTRL_FILES); do install -D -m 644 $$file $(INSTALLED)/$$file; done
	install -m 755 $(BUILD)/lab-agent $(BUILD)/linux-init $(BUILD)/xenometer-app $(BUILD)/xenometer-vmm \
		$(BUILD)/xenometer-wire $(BUILD)/xenometer-evil \
		$(filter-out %.wasm,$(WASM)) $(INSTALLED)/
	install -m 644 $(BUILD)/xenometer-test.elf $(BUILD)/xenometer-evil-parts.o $(filter %.wasm,$(WASM)) $(INSTALLED)/
	install -m 644 $(PLUGINS:%=$(BUILD)/%) $(INSTALLED)/
	if [ -e $(BUILD)/arm64/xenometer-parts.o ]; then install -d $(INSTALLED)/arm64 && \
		install -m 644 $(BUILD)/arm64/xenometer.elf $(BUILD)/arm64/xenometer.image \
			$(BUILD)/arm64/xenometer-test.elf $(BUILD)/arm64/xenometer-test.image \
			$(BUILD)/arm64/xenometer-parts.o $(BUILD)/arm64/lab-agent $(BUILD)/arm64/xenometer-vmm \
			$(INSTALLED)/arm64/; fi
	install -m 644 configs/packages configs/packages-bochs configs/emulators.txt configs/claims.json $(INSTALLED)/configs/
	for name in pv pvh hvm arm64; do \
		sed 's|"[^"]*/\(xenometer.[a-z]*\)"|"$(PREFIX)/lib/xenometer/\1"|' configs/$$name.cfg \
			>$(INSTALLED)/configs/$$name.cfg; done
	install -m 644 configs/lab/* $(INSTALLED)/configs/lab/
	install -d $(INSTALLED)/configs/lessons && install -m 644 configs/lessons/*.lesson $(INSTALLED)/configs/lessons/
	for file in configs/lessons/exercises/*.h configs/lessons/exercises/*/* shared/*.h include/xenometer/*.h \
		$$(find domU-kernel -name '*.h'); do install -D -m 644 $$file $(INSTALLED)/$$file || exit 1; done
	install -m 644 $(EXERCISE) $(INSTALLED)/
	install -D -m 644 configs/lab-stick/agent $(INSTALLED)/configs/lab-stick/agent
	install -m 644 configs/lab-stick/files $(INSTALLED)/configs/lab-stick/
	install -m 644 configs/lab-linux/* $(INSTALLED)/configs/lab-linux/
	install -m 644 dom0-tools/report/schema/*.json $(INSTALLED)/schema/
	install -D -m 644 dom0-tools/man/xenometer-paths.7 $(DESTDIR)$(PREFIX)/share/man/man7/xenometer-paths.7
	install -D -m 644 dom0-tools/man/xenometer.1 $(DESTDIR)$(PREFIX)/share/man/man1/xenometer.1
	install -D -m 644 configs/xenometer.bash-completion \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/xenometer

# A page a command, out of its own --help: they cannot tell anything else.
man: $(BUILD)/xenometer
	$(Q)dom0-tools/man/from-help $(BUILD)/xenometer $(BUILD)/man

install-man: man
	install -m 644 $(BUILD)/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1/

# The packages of a fresh copy of what is committed; dpkg-buildpackage writes beside that.
DEB_VERSION = $(shell sed -n '1s/.*(\(.*\)).*/\1/p' configs/debian/changelog)
$(BUILD)/.packages-deb: configs/packages-deb configs/install-packages $(DEPS)
	$(Q)configs/install-packages configs/packages-deb
	@touch $@

deb: $(BUILD)/.packages-deb
	$(Q)rm -rf $(BUILD)/deb && mkdir -p $(BUILD)/deb/xenometer-$(DEB_VERSION)
	$(Q)git archive HEAD | tar -x -C $(BUILD)/deb/xenometer-$(DEB_VERSION)
	$(Q)cd $(BUILD)/deb/xenometer-$(DEB_VERSION) && mv configs/debian debian && \
		{ dpkg-buildpackage --build=binary --no-sign >../build.log 2>&1 || { tail -30 ../build.log; exit 1; }; }
	$(Q)rm -rf $(BUILD)/deb/xenometer-$(DEB_VERSION)
	@ls $(BUILD)/deb/*.deb

clean:
	$(Q)rm -rf $(BUILD)

distclean: clean

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
