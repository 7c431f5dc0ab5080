// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the modules cost and how fast they are, beside what the kernel offers without them,
 * in one run on the same simulated devices. Run in the virtual gateway with exact time; see
 * tests/bench/kernel.sh. Prints a report; judges nothing.
 *
 *	streams	the record stream beside one IIO triggered buffer per device
 *	edges	the guard's switch beside a SCHED_FIFO process on libgpiod events
 *	late	lateness of the samplers
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/hydropon.h>

#include "base/clock.h"
#include "sim/sim.h"

#define DEVICES 8
#define INTERVAL_MS 100
#define SECONDS 60
#define MS 1000000ULL
#define SAMPLES_MAX 100000
#define IIO "/sys/bus/iio/devices"

static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(": %s\n", strerror(errno));
	exit(1);
}

static void sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

static void write_file(const char *text, const char *format, ...)
{
	char path[256];
	va_list args;
	int fd;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("%s", path);
	close(fd);
}

static void bind_driver(bool bind, const char *driver, const char *device)
{
	write_file(device, "/sys/bus/platform/drivers/%s/%s", driver, bind ? "bind" : "unbind");
}

/* --- figures */

struct figures { double *of; size_t n; };

static void add(struct figures *figures, double value)
{
	if (!figures->of)
		figures->of = calloc(SAMPLES_MAX, sizeof(double));
	if (figures->n < SAMPLES_MAX)
		figures->of[figures->n++] = value;
}

static int compare(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return difference > 0 ? 1 : difference < 0 ? -1 : 0;
}

static double quantile(struct figures *figures, double q)
{
	if (!figures->n)
		return 0;
	qsort(figures->of, figures->n, sizeof(double), compare);
	return figures->of[(size_t)(q * (double)(figures->n - 1))];
}

/* CPU seconds that were not idle since boot, both processors, interrupts included. */
static double busy_s(void)
{
	unsigned long long user, nice, system, idle, iowait;
	FILE *stat = fopen("/proc/stat", "re");

	if (!stat || fscanf(stat, "cpu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle,
			    &iowait) != 5)
		die("/proc/stat");
	fclose(stat);
	return 2 * (double)clock_boot_ns() / 1e9 - (double)(idle + iowait) / 100;
}

struct run { double wakeups, samples, busy, p50_ms, p99_ms; };

static void report(const char *who, int devices, const struct run *run, double idle)
{
	double cpu_s = run->busy - idle * SECONDS;

	printf("  %-22s %d devices: %6.2f wake-ups a tick, %7.2f ms CPU per 1000 samples, latency p50 %.2f p99 %.2f ms (%.0f samples)\n",
	       who, devices, run->wakeups / (SECONDS * 1000.0 / INTERVAL_MS),
	       run->samples > 0 ? cpu_s * 1e6 / run->samples : 0, run->p50_ms, run->p99_ms,
	       run->samples);
}

/* --- ours */

static int open_stream(uint32_t watermark, uint32_t latency_ms)
{
	struct hydropon_stream stream = { watermark, latency_ms };
	int fd = open("/dev/hydropon0", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, HYDROPON_IOC_STREAM, &stream))
		die("/dev/hydropon0");
	return fd;
}

static struct run run_stream(uint32_t latency_ms)
{
	static struct hydropon_record records[512];
	struct figures latency = { 0 };
	struct run run = { 0 };
	int fd = open_stream(2048, latency_ms);
	uint64_t end_ns;

	sleep_ms(500);
	while (read(fd, records, sizeof(records)) > 0)
		;
	run.busy = -busy_s();
	end_ns = clock_boot_ns() + SECONDS * 1000 * MS;
	while (clock_boot_ns() < end_ns) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		uint64_t now_ns;
		ssize_t n;

		poll(&p, 1, 1000);
		n = read(fd, records, sizeof(records));
		now_ns = clock_boot_ns();
		run.wakeups++;
		for (ssize_t i = 0; i < n / (ssize_t)sizeof(records[0]); i++) {
			if (records[i].type != HYDROPON_REC_SAMPLE || records[i].status)
				continue;
			run.samples++;
			add(&latency, (double)(now_ns - records[i].time_ns) / 1e6);
		}
	}
	run.busy += busy_s();
	close(fd);
	run.p50_ms = quantile(&latency, 0.5);
	run.p99_ms = quantile(&latency, 0.99);
	free(latency.of);
	return run;
}

/* A reader that stops for 40 s, on a stream that is small enough: what is lost is told. */
static void stall_stream(void)
{
	static struct hydropon_record records[4096];
	struct hydropon_info info;
	uint64_t told = 0, got = 0;
	int fd = open_stream(2048, 50);
	ssize_t n;

	sleep_ms(60000);
	while ((n = read(fd, records, sizeof(records))) > 0) {
		for (ssize_t i = 0; i < n / (ssize_t)sizeof(records[0]); i++) {
			if (records[i].type == HYDROPON_REC_LOST)
				told += (uint32_t)records[i].value;
			else
				got++;
		}
		sleep_ms(200);
		if (told)
			break;
	}
	if (ioctl(fd, HYDROPON_IOC_INFO, &info))
		die("INFO");
	printf("  record stream, reader stopped for 60 s: %llu records kept, %llu lost, %llu of them told in band\n",
	       (unsigned long long)got, (unsigned long long)info.lost, (unsigned long long)told);
	close(fd);
}

/* --- IIO's own triggered buffers */

/* IIO lets a trigger have two consumers; a third is an error that this kernel oopses on. */
#define CONSUMERS 2

struct iio_device { char name[32], trigger[16]; int fd; };

static int find_adcs(struct iio_device *devices, int max)
{
	DIR *folder = opendir(IIO);
	struct dirent *entry;
	int n = 0;

	if (!folder)
		die(IIO);
	while (n < max && (entry = readdir(folder))) {
		char path[320], target[512];
		ssize_t length;

		if (strncmp(entry->d_name, "iio:device", 10))
			continue;
		snprintf(path, sizeof(path), IIO "/%s", entry->d_name);
		length = readlink(path, target, sizeof(target) - 1);
		target[length > 0 ? length : 0] = 0;
		if (!strstr(target, "i2c-bench"))
			continue;
		snprintf(devices[n].name, sizeof(devices[n].name), "%.31s", entry->d_name);
		snprintf(devices[n].trigger, sizeof(devices[n].trigger), "bench%d", n / CONSUMERS);
		n++;
	}
	closedir(folder);
	return n;
}

static void iio_start(struct iio_device *device, const char *length)
{
	char path[128];

	write_file(device->trigger, IIO "/%s/trigger/current_trigger", device->name);
	write_file("1", IIO "/%s/buffer0/in_voltage0_en", device->name);
	write_file("1", IIO "/%s/buffer0/in_timestamp_en", device->name);
	write_file("boottime\n", IIO "/%s/current_timestamp_clock", device->name);
	write_file(length, IIO "/%s/buffer0/length", device->name);
	write_file("1", IIO "/%s/buffer0/watermark", device->name);
	write_file("1", IIO "/%s/buffer0/enable", device->name);
	snprintf(path, sizeof(path), "/dev/%s", device->name);
	device->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (device->fd < 0)
		die("%s", path);
}

static void iio_stop(struct iio_device *device)
{
	close(device->fd);
	write_file("0", IIO "/%s/buffer0/enable", device->name);
}

struct iio_scan { int16_t value; int16_t pad[3]; int64_t time_ns; };

static struct run run_iio(struct iio_device *devices, int n)
{
	struct figures latency = { 0 };
	struct run run = { 0 };
	struct pollfd fds[DEVICES];
	uint64_t end_ns;

	for (int i = 0; i < n; i++) {
		iio_start(&devices[i], "1024");
		fds[i] = (struct pollfd){ .fd = devices[i].fd, .events = POLLIN };
	}
	sleep_ms(500);
	run.busy = -busy_s();
	end_ns = clock_boot_ns() + SECONDS * 1000 * MS;
	while (clock_boot_ns() < end_ns) {
		poll(fds, (nfds_t)n, 1000);
		run.wakeups++;
		for (int i = 0; i < n; i++) {
			struct iio_scan scans[64];
			ssize_t got = read(fds[i].fd, scans, sizeof(scans));
			uint64_t now_ns = clock_boot_ns();

			for (ssize_t s = 0; s < got / (ssize_t)sizeof(scans[0]); s++) {
				run.samples++;
				add(&latency, (double)(now_ns - (uint64_t)scans[s].time_ns) / 1e6);
			}
		}
	}
	run.busy += busy_s();
	for (int i = 0; i < n; i++)
		iio_stop(&devices[i]);
	run.p50_ms = quantile(&latency, 0.5);
	run.p99_ms = quantile(&latency, 0.99);
	free(latency.of);
	return run;
}

static void stall_iio(struct iio_device *device)
{
	struct iio_scan scans[1024];
	ssize_t n, got = 0;

	iio_start(device, "128");
	sleep_ms(60000);
	while ((n = read(device->fd, scans, sizeof(scans))) > 0)
		got += n / (ssize_t)sizeof(scans[0]);
	iio_stop(device);
	printf("  IIO buffer of 128, reader stopped for 60 s: %zd samples kept, about %d lost, none told\n",
	       got, 60000 / INTERVAL_MS - (int)got);
}

static double measure_idle(void)
{
	double busy = -busy_s();

	sleep_ms(SECONDS * 1000);
	return (busy + busy_s()) / SECONDS;
}

static void set_samplers(int n, bool bound)
{
	for (int i = 0; i < n; i++) {
		char device[32];

		snprintf(device, sizeof(device), "hydropon:bench%d", i);
		bind_driver(bound, "hydropon-sampler", device);
	}
}

static void unbind_others(void)
{
	static const char *const samplers[] = { "probe-a", "probe-b", "probe-c", "light" };

	for (size_t i = 0; i < sizeof(samplers) / sizeof(samplers[0]); i++) {
		char device[32];

		snprintf(device, sizeof(device), "hydropon:%s", samplers[i]);
		bind_driver(false, "hydropon-sampler", device);
	}
	bind_driver(false, "hydropon-pulse", "hydropon:flow-a");
}

static void bench_streams(void)
{
	static const int counts[] = { 1, 4, 8 };
	struct iio_device devices[DEVICES];
	struct run ours[3], theirs[3];
	double idle;

	printf("streams: %d s at %d ms, wake-ups and CPU time of both processors with interrupts, less an idle gateway's\n",
	       SECONDS, INTERVAL_MS);
	if (find_adcs(devices, DEVICES) != DEVICES)
		die("eight ADCs of the bench");

	/* Theirs first: nothing of ours runs then. */
	set_samplers(DEVICES, false);
	bind_driver(false, "hydropon-gateway", "hydropon");
	idle = measure_idle();
	for (int i = 0; i < 3; i++)
		theirs[i] = run_iio(devices, counts[i]);
	stall_iio(&devices[0]);
	for (int i = 0; i < 3; i++)
		report("IIO triggered buffers", counts[i], &theirs[i], idle);

	bind_driver(true, "hydropon-gateway", "hydropon");
	sleep_ms(3000);
	unbind_others();
	for (int i = 0; i < 3; i++) {
		uint32_t latency_ms = (uint32_t)(theirs[i].p99_ms + 0.5);

		set_samplers(DEVICES, false);
		set_samplers(counts[i], true);
		sleep_ms(500);
		ours[i] = run_stream(latency_ms ? latency_ms : 1);
		report("hydropon stream", counts[i], &ours[i], idle);
		set_samplers(counts[i], false);
		set_samplers(DEVICES, true);
	}
	for (int i = 0; i < 3; i++)
		printf("  ratio ours/theirs, %d devices: wake-ups %.2f, CPU per sample %.2f, p99 latency %.2f\n",
		       counts[i], ours[i].wakeups / theirs[i].wakeups,
		       (ours[i].busy - idle * SECONDS) / ours[i].samples /
		       ((theirs[i].busy - idle * SECONDS) / theirs[i].samples),
		       ours[i].p99_ms / theirs[i].p99_ms);
	stall_stream();
}

/* --- edges */

#define CHIP "gpio-bench"
#define EDGES 100

static void be_fifo(void)
{
	struct sched_param param = { .sched_priority = 50 };

	if (sched_setscheduler(0, SCHED_FIFO, &param))
		die("SCHED_FIFO");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* Each edge on line 3: line 4 goes low on a falling one. Times go into the pipe. */
static pid_t start_process(int times)
{
	pid_t pid = fork();
	struct gpiod_chip *chip;
	struct gpiod_line *in, *out;

	if (pid)
		return pid;
	be_fifo();
	chip = gpiod_chip_open_by_label(CHIP);
	in = chip ? gpiod_chip_get_line(chip, 3) : NULL;
	out = chip ? gpiod_chip_get_line(chip, 4) : NULL;
	if (!in || !out || gpiod_line_request_both_edges_events(in, "bench") ||
	    gpiod_line_request_output(out, "bench", 0))
		die("libgpiod");
	for (;;) {
		struct gpiod_line_event event;
		uint64_t now_ns;

		if (gpiod_line_event_wait(in, NULL) < 0 || gpiod_line_event_read(in, &event))
			die("event");
		now_ns = clock_boot_ns();
		gpiod_line_set_value(out, event.event_type == GPIOD_LINE_EVENT_RISING_EDGE);
		if (event.event_type == GPIOD_LINE_EVENT_FALLING_EDGE &&
		    write(times, &now_ns, sizeof(now_ns)) < 0)
			_exit(1);
	}
}

/* Reads MANUAL records; the time of each into the pipe. */
static pid_t start_reader(int times)
{
	static struct hydropon_record records[64];
	pid_t pid = fork();
	int fd;

	if (pid)
		return pid;
	be_fifo();
	fd = open("/dev/hydropon0", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die("/dev/hydropon0");
	for (;;) {
		ssize_t n = read(fd, records, sizeof(records));
		uint64_t now_ns = clock_boot_ns();

		for (ssize_t i = 0; i < n / (ssize_t)sizeof(records[0]); i++)
			if (records[i].type == HYDROPON_REC_MANUAL &&
			    records[i].value == HYDROPON_MANUAL_AUTO &&
			    write(times, &now_ns, sizeof(now_ns)) < 0)
				_exit(1);
	}
}

/* From a falling edge on line @in until line @out is off, and until a process knows. */
static void measure_edges(const char *who, unsigned int in, unsigned int out, int times)
{
	struct figures safe = { 0 }, known = { 0 };

	for (int i = 0; i < EDGES; i++) {
		struct sim_transition off;
		struct pollfd p = { .fd = times, .events = POLLIN };
		uint64_t edge_ns, known_ns;

		sim_input_set(CHIP, in, true);
		sleep_ms(80 + i % 7);
		edge_ns = clock_boot_ns();
		sim_input_set(CHIP, in, false);
		if (poll(&p, 1, 3000) == 1 && read(times, &known_ns, sizeof(known_ns)) > 0)
			add(&known, (double)(known_ns - edge_ns) / 1e3);
		if (!sim_transition_first(CHIP, out, false, edge_ns, &off))
			add(&safe, (double)(off.ns - edge_ns) / 1e3);
		sleep_ms(20);
	}
	printf("  %-34s edge to safe p50 %7.1f p99 %7.1f us (%zu of %d), edge to userspace p50 %7.1f p99 %7.1f us\n",
	       who, quantile(&safe, 0.5), quantile(&safe, 0.99), safe.n, EDGES,
	       quantile(&known, 0.5), quantile(&known, 0.99));
	free(safe.of);
	free(known.of);
}

static void hog(pid_t *pids, int n)
{
	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (volatile unsigned long x = 0;; x++)
				if (!(x % 1000))
					getppid();
		}
	}
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void stopped_edge(const char *who, pid_t pid, unsigned int in, unsigned int out)
{
	struct sim_transition off;
	uint64_t edge_ns;

	sim_input_set(CHIP, in, true);
	sleep_ms(100);
	kill(pid, SIGSTOP);
	edge_ns = clock_boot_ns();
	sim_input_set(CHIP, in, false);
	sleep_ms(5000);
	if (sim_transition_first(CHIP, out, false, edge_ns, &off))
		printf("  %-34s edge to safe: never, within 5 s\n", who);
	else
		printf("  %-34s edge to safe %.1f us\n", who, (double)(off.ns - edge_ns) / 1e3);
	kill(pid, SIGCONT);
}

static void bench_edges(void)
{
	int ours[2], theirs[2];
	pid_t reader, process, hogs[4];

	printf("edges: %d falling edges each; the guard's switch let go beside a SCHED_FIFO process on libgpiod\n",
	       EDGES);
	if (pipe(ours) || pipe(theirs))
		die("pipe");
	reader = start_reader(ours[1]);
	process = start_process(theirs[1]);
	sleep_ms(500);
	measure_edges("guard", 1, 0, ours[0]);
	measure_edges("process", 3, 4, theirs[0]);
	hog(hogs, 4);
	sleep_ms(200);
	measure_edges("guard, CPUs loaded", 1, 0, ours[0]);
	measure_edges("process, CPUs loaded", 3, 4, theirs[0]);
	for (int i = 0; i < 4; i++)
		end(hogs[i]);
	stopped_edge("guard, its reader stopped", reader, 1, 0);
	stopped_edge("process, stopped", process, 3, 4);
	end(reader);
	end(process);
}

/* --- lateness: readings begin at a multiple of the interval since a sampler's first */

static void bench_late(void)
{
	static struct hydropon_record records[512];
	static uint64_t first_ns[HYDROPON_MAX_CHANNELS], seen[HYDROPON_MAX_CHANNELS];
	struct figures late = { 0 };
	int fd = open_stream(512, 50);
	uint64_t end_ns = clock_boot_ns() + SECONDS * 1000 * MS;

	while (clock_boot_ns() < end_ns) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		poll(&p, 1, 1000);
		n = read(fd, records, sizeof(records));
		for (ssize_t i = 0; i < n / (ssize_t)sizeof(records[0]); i++) {
			uint32_t c = records[i].channel;
			uint64_t time_ns = records[i].time_ns, interval_ns = INTERVAL_MS * MS;

			if (records[i].type != HYDROPON_REC_SAMPLE || c >= HYDROPON_MAX_CHANNELS)
				continue;
			/* The earliest phase of each channel is its grid. */
			if (!seen[c]++ || time_ns % interval_ns < first_ns[c])
				first_ns[c] = time_ns % interval_ns;
			add(&late, (double)(time_ns % interval_ns - first_ns[c]) / 1e3);
		}
	}
	close(fd);
	printf("late: begin of a reading after its tick, 8 samplers, %zu readings: p50 %.1f p99 %.1f max %.1f us\n",
	       late.n, quantile(&late, 0.5), quantile(&late, 0.99), quantile(&late, 1));
	free(late.of);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && !strcmp(argv[1], "streams"))
		bench_streams();
	else if (argc == 2 && !strcmp(argv[1], "edges"))
		bench_edges();
	else if (argc == 2 && !strcmp(argv[1], "late"))
		bench_late();
	else
		return 2;
	return 0;
}
