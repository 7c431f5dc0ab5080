# SPDX-License-Identifier: GPL-2.0-only
#
#   make            the programs and the modules for the running machine
#   make install    into DESTDIR
#   make demo       the virtual gateway with its tank, live
#   make check      every test (PART=unit, judge, decide, fuzz, install, style, bindings, guest, power
#                   or stores: only that)
#   make check-hazards   the list of hazards, each measured beside its bound
#   make check-kernels   the modules on every kernel they are for; check-style: their style
#   make check-bindings  the device-tree binding and the overlays
#   make check-decide    breaks the guard's decisions in every small way: do the tests see it?
#                        (SAMPLE=60: in so many of them, as KTAP; SEED=N: those once more)
#   make check-debug-kernel   all that runs in the guest, on a kernel that checks itself
#                        (SLICE=1: within a quarter of an hour)
#   make fuzz-kernel     OPS calls (10000000) of the device with SEED (1), on KERNEL (debug)
#   make race-kernel     OPS bindings (10000) of its devices while they are in use, likewise
#   make fuzz       what is read from disk and network: each fuzzer for SECONDS (600)
#   make check-power-cut the spool on ext4, whose disk is cut at STATES places (1000) with SEED (1);
#                        then the whole gateway, which is killed at CUTS random moments (20)
#   make check-stores    real stores, links and programs that are cut and killed for SECONDS (40)
#                        with SEED (1): has each store every sample once?
#   make check-judge     the judgement on DAYS (1000) of channels of the tank model, with faults by
#                        SEED (1): what is found, how soon, and how often without a fault; then
#                        the recordings of ../shared/data, where they are
#   make check-crash     the journal at STATES power cuts (1000000) with SEED (1), at every bit
#                        that is flipped, and whether that finds the faults it is there for
#
# CROSS_COMPILE and SYSROOT build the programs for another machine; CC, CFLAGS and
# SANITIZE=address,undefined or SANITIZE=thread build them in another way. Each way
# has a folder of its own below build/.

VERSION := 0.1
DESTDIR ?=
PREFIX ?= /usr
UNITDIR ?= $(PREFIX)/lib/systemd/system
KRELEASE ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KRELEASE)/build
MODULEDIR ?= /lib/modules/$(KRELEASE)

ifeq ($(origin CC),default)
CC := gcc
endif
AR := $(CROSS_COMPILE)ar
TOOL := $(CROSS_COMPILE)$(CC)
FLAVOUR := $(if $(CROSS_COMPILE),$(patsubst %-linux-gnu-,%,$(CROSS_COMPILE)),native)-$(notdir $(CC))$(if $(SANITIZE),-$(firstword $(subst $(comma), ,$(SANITIZE))))
comma := ,
O ?= build/$(FLAVOUR)

CFLAGS ?= -O2 -g
override CFLAGS += -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -fstack-protector-strong -pthread
override CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_FORTIFY_SOURCE=2 -DHYDROPON_VERSION='"$(VERSION)"' \
	-Idaemon -Iinclude/uapi -MMD -MP
override LDFLAGS += -Wl,--as-needed -Wl,-z,relro,-z,now -pthread
LIBS_DAEMON := -lsystemd -ljson-c -linih -lmodbus -lzstd -lm
LIBS_FORWARD := $(LIBS_DAEMON) -lcurl-gnutls -lz
LIBS_CTL := $(LIBS_DAEMON)

ifdef SANITIZE
override CFLAGS += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer
override LDFLAGS += -fsanitize=$(SANITIZE)
override CPPFLAGS := $(filter-out -D_FORTIFY_SOURCE=2,$(CPPFLAGS))
endif

ifdef SYSROOT
MULTIARCH := $(patsubst %-,%,$(CROSS_COMPILE))
override CFLAGS += --sysroot=$(SYSROOT)
override CPPFLAGS += -I$(SYSROOT)/usr/include/$(MULTIARCH)
override LDFLAGS += --sysroot=$(SYSROOT) -L$(SYSROOT)/usr/lib/$(MULTIARCH) \
	-Wl,-rpath-link,$(SYSROOT)/usr/lib/$(MULTIARCH) -Wl,-rpath-link,$(SYSROOT)/lib/$(MULTIARCH)
endif

PROGRAMS := hydropond hydropon-forward hydroponctl
# Everything but the main files, so that a unit test can link any of it.
LIBRARY_SOURCES := $(filter-out %/main.c,$(wildcard $(addprefix daemon/,$(addsuffix /*.c,\
	base acquire channel protect spool forward control ctl))))
LIBRARY := $(O)/libhydropon.a
UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*.c))

# Run in the virtual gateway.
GUEST_TESTS := $(patsubst tests/%.c,%,$(wildcard tests/kmod/*.c tests/fault/*.c tests/fuzz/*.c))

.PHONY: all programs modules clean unit-tests guest-tests install install-files install-modules demo \
	check check-hazards check-judge check-kernels check-style check-bindings check-decide check-debug-kernel \
	check-crash check-power-cut check-stores bench bench-kernel bench-spool fuzz fuzz-kernel race-kernel
all: programs modules
programs: $(addprefix $(O)/,$(PROGRAMS))
modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

$(O)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(TOOL) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(LIBRARY): $(LIBRARY_SOURCES:%.c=$(O)/obj/%.o)
	@rm -f $@
	$(AR) rcs $@ $^

$(O)/hydropond: $(O)/obj/daemon/main.o $(LIBRARY)
	$(TOOL) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON)
$(O)/hydropon-forward: $(O)/obj/daemon/forward/main.o $(LIBRARY)
	$(TOOL) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_FORWARD)
$(O)/hydroponctl: $(O)/obj/daemon/ctl/main.o $(LIBRARY)
	$(TOOL) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_CTL)

# Some of them start the programs.
unit-tests: programs $(UNIT_TESTS:%=$(O)/tests/unit/%)
$(O)/tests/unit/%: $(O)/obj/tests/unit/%.o $(O)/obj/tests/harness.o $(LIBRARY)
	@mkdir -p $(@D)
	$(TOOL) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_FORWARD)
$(O)/tests/unit/journal: $(O)/obj/tests/support/disk_model.o
# For clang with SANITIZE=fuzzer-no-link,address,undefined.
FUZZERS := $(patsubst tests/libfuzzer/%.c,%,$(wildcard tests/libfuzzer/*.c))
fuzzers: $(FUZZERS:%=$(O)/tests/libfuzzer/%)
$(O)/tests/libfuzzer/%: $(O)/obj/tests/libfuzzer/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(TOOL) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS_FORWARD)
guest-tests: $(GUEST_TESTS:%=$(O)/tests/%) $(O)/tests/tank $(O)/tests/simctl $(O)/tests/racer \
	$(O)/tests/kernel-bench $(O)/tests/spool-cut
$(GUEST_TESTS:%=$(O)/tests/%): $(O)/tests/%: $(O)/obj/tests/%.o $(O)/obj/tests/harness.o \
		$(O)/obj/tests/sim/sim.o $(LIBRARY)
	@mkdir -p $(@D)
	$(TOOL) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON)
$(O)/tests/tank: $(addprefix $(O)/obj/tests/sim/,tank.o model.o grower.o replay.o sim.o)
	@mkdir -p $(@D)
	$(TOOL) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lm

$(O)/tests/simctl: $(addprefix $(O)/obj/tests/sim/,simctl.o sim.o)
	@mkdir -p $(@D)
	$(TOOL) $(CFLAGS) $(LDFLAGS) -o $@ $^

$(O)/tests/spool-cut: $(O)/obj/tests/power/cut.o $(LIBRARY)
	@mkdir -p $(@D)
	$(TOOL) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON)

$(O)/tests/judge-campaign: $(O)/obj/tests/judge/campaign.o $(O)/obj/tests/sim/model.o $(LIBRARY)
	@mkdir -p $(@D)
	$(TOOL) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON)

$(O)/tests/judge-recording: $(O)/obj/tests/judge/recording.o $(LIBRARY)
	@mkdir -p $(@D)
	$(TOOL) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON)

$(O)/tests/racer: $(O)/obj/tests/qemu/racer.o
	@mkdir -p $(@D)
	$(TOOL) $(CFLAGS) $(LDFLAGS) -o $@ $^

$(O)/tests/spool-bench: $(O)/obj/tests/bench/spool.o $(LIBRARY)
	@mkdir -p $(@D)
	$(TOOL) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON) -lsqlite3 -lz

$(O)/tests/spool-fill: $(O)/obj/tests/bench/fill.o $(LIBRARY)
	@mkdir -p $(@D)
	$(TOOL) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON)

$(O)/tests/kernel-bench: $(O)/obj/tests/bench/kernel.o $(O)/obj/tests/sim/sim.o $(LIBRARY)
	@mkdir -p $(@D)
	$(TOOL) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lgpiod

# What a board gets beside the modules.
install-files: programs
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/sbin $(O)/hydropond $(O)/hydropon-forward
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin $(O)/hydroponctl
	install -D -m 644 -t $(DESTDIR)$(UNITDIR) systemd/hydropond.service systemd/hydropon-forward.service
	install -D -m 644 systemd/hydropon.sysusers.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/hydropon.conf
	install -D -m 644 systemd/hydropon.tmpfiles.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/hydropon.conf
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/udev/rules.d udev/60-hydropon.rules
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man5 docs/man/*.5
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man8 docs/man/*.8
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 docs/man/*.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/hydropon/examples docs/examples/*.conf \
		docs/overlays/*.dtso systemd/hydropond-serial.conf systemd/hydropond-field-network.conf \
		systemd/hydropond-i2c.conf
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/share/doc/hydropon/examples docs/overlays/merge.sh
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/hydropon docs/board.md docs/stores.md \
		docs/sources.md docs/control-protocol.md docs/judgement.md docs/calibration.md \
		docs/spool-format.md docs/spool-codec.md
	install -d $(DESTDIR)/etc/hydropon/hydropon.conf.d
	@# A farm's own configuration is never replaced.
	test -e $(DESTDIR)/etc/hydropon/hydropon.conf || \
		install -m 640 docs/examples/hydropon.conf $(DESTDIR)/etc/hydropon/hydropon.conf

install-modules: modules
	install -D -m 644 -t $(DESTDIR)$(MODULEDIR)/updates $(patsubst %,kmod/%.ko,guard/hydropon-guard sampler/hydropon)
	test -n "$(DESTDIR)" || depmod -a $(KRELEASE)

install: install-files install-modules

$(O)/obj/tests/%.o: override CPPFLAGS += -Itests

# REPLAY=FILE.csv plays a recording; STORY=blackout tells the faults by itself.
demo:
	tests/qemu/tools.sh
	tests/qemu/build.sh
	tests/qemu/demo.py $(if $(STORY),--story $(STORY)) $(if $(REPLAY),--replay $(REPLAY)) \
		$(if $(ROWS),--rows $(ROWS)) $(if $(SEED),--seed $(SEED))

check:
	tests/check.sh $(PART)
check-hazards:
	tests/check.sh hazards
check-judge: $(O)/tests/judge-campaign $(O)/tests/judge-recording
	$(O)/tests/judge-campaign $(or $(DAYS),1000) $(or $(SEED),1)
	$(O)/tests/judge-recording $(wildcard ../shared/data/*.csv)
check-kernels:
	tests/check.sh kernels
check-style:
	tests/check.sh style
check-bindings:
	tests/check.sh bindings
check-decide:
	tests/mutate/mutate.py $(if $(SAMPLE),--ktap --sample $(SAMPLE)) $(if $(SEED),--seed $(SEED))
check-debug-kernel:
	tests/check.sh debug
fuzz:
	tests/qemu/tools.sh
	tests/libfuzzer/run.sh $(or $(SECONDS),600)
fuzz-kernel:
	tests/fuzz/kernel.sh device $(or $(OPS),10000000) $(or $(SEED),1)
race-kernel:
	tests/fuzz/kernel.sh races $(or $(OPS),10000) $(or $(SEED),1)
check-crash:
	tests/crash/run.sh $(or $(STATES),1000000) $(or $(SEED),1)
check-stores:
	tests/qemu/tools.sh influxdb openssl
	tests/stores/run.py --seconds $(or $(SECONDS),40) --seed $(or $(SEED),1)
check-power-cut:
	tests/qemu/tools.sh
	tests/qemu/build.sh
	tests/power/run.py --states $(or $(STATES),1000) --seed $(or $(SEED),1)
	tests/power/blackouts.py --cuts $(or $(CUTS),20) --seed $(or $(SEED),1)

bench: bench-kernel bench-spool
bench-spool:
	tests/bench/spool.sh
bench-kernel:
	tests/bench/kernel.sh

clean:
	rm -rf build Module.symvers modules.order .*.cmd
	find kmod \( -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' \
		-o -name modules.order \) -delete

.SECONDARY:
-include $(shell test -d $(O)/obj && find $(O)/obj -name '*.d')
