// SPDX-License-Identifier: GPL-2.0-only
/*
 * A controller without sense: has every output away from its declared safe state, as
 * often as it can, for as long as the kernel lets it. Tells the kernel's log when it
 * had pump, air, fill and valve away at the same time.
 *
 * racer reboot, racer poweroff: asks the kernel for the end instead, before anybody else
 * runs, and tells its log when.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <unistd.h>

#include <linux/hydropon.h>

#define RECORDS 256

static int restore_all(int fd, __u32 outputs)
{
	for (__u32 i = 0; i < outputs; i++) {
		struct hydropon_restore kept = { .output = i };

		ioctl(fd, HYDROPON_IOC_RESTORE, &kept);
	}
	return ioctl(fd, HYDROPON_IOC_ARM);
}

static void read_beat(int fd, __u32 *beat)
{
	static struct hydropon_record records[RECORDS];
	ssize_t n = read(fd, records, sizeof(records));

	for (ssize_t i = 0; i < n / (ssize_t)sizeof(records[0]); i++)
		if (records[i].type == HYDROPON_REC_BEAT)
			*beat = (__u32)records[i].value;
}

static void tell(const char *text)
{
	int log = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (log >= 0 && write(log, text, strlen(text)) > 0)
		close(log);
}

static int end(const char *way)
{
	struct sched_param first = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO, &first))
		return 1;
	tell("gateway ends now");
	return reboot(strcmp(way, "reboot") ? RB_POWER_OFF : RB_AUTOBOOT);
}

int main(int argc, char **argv)
{
	int fd = argc > 1 ? -1 : open("/dev/hydropon0", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	struct hydropon_info info;
	bool told = false;
	__u32 beat = 0;

	if (argc > 1)
		return end(argv[1]);
	if (fd < 0 || ioctl(fd, HYDROPON_IOC_INFO, &info) || restore_all(fd, info.outputs))
		return 1;
	for (;;) {
		__u32 away = 0;

		read_beat(fd, &beat);
		for (__u32 i = 0; i < info.outputs; i++) {
			struct hydropon_output_info output = { .index = i };
			struct hydropon_set set = { .output = i, .beat = beat };

			if (ioctl(fd, HYDROPON_IOC_OUTPUT, &output))
				continue;
			set.on = !output.safe_on;
			set.lease_ms = output.lease_max_ms;
			ioctl(fd, HYDROPON_IOC_SET, &set);
			away += output.on != output.safe_on;
		}
		if (!told && away + 1 >= info.outputs) {
			tell("racer has the outputs");
			told = true;
		}
	}
}
