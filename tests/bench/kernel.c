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
#define STALL_S 60
/* A register read of 5 bytes on an I2C bus of 100 kHz. */
#define TRANSFER_US 480
#define MS 1000000ULL
#define STRING_(x) #x
#define STRING(x) STRING_(x)
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

static int compare_doubles(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return difference > 0 ? 1 : difference < 0 ? -1 : 0;
}

static double quantile(struct figures *figures, double q)
{
	if (!figures->n)
		return 0;
	qsort(figures->of, figures->n, sizeof(double), compare_doubles);
	return figures->of[(size_t)(q * (double)(figures->n - 1))];
}

/* --- CPU time */

/* Nanoseconds of CPU time: of the kernel threads that bring the readings, of this process, which
 * reads them, of all other tasks, and of all that is not idle, interrupts included.
 */
struct cpu { double threads, reader, others, busy; unsigned int threads_n; };

#define TASKS_MAX 32768	/* numbers of tasks are below it */
static double task_ns[TASKS_MAX];	/* as it was when the measuring began */

enum side { OURS, THEIRS };

static bool brings_readings(enum side side, const char *name)
{
	if (side == OURS)
		return !strncmp(name, "hydropon-", 9);
	return !strncmp(name, "irq/", 4) && strstr(name, "consumer");
}

/* Nanoseconds since boot, to 10 ms. */
static double busy_ns(void)
{
	unsigned long long user, nice, system, idle, iowait;
	FILE *stat = fopen("/proc/stat", "re");

	if (!stat || fscanf(stat, "cpu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle,
			    &iowait) != 5)
		die("/proc/stat");
	fclose(stat);
	return 2 * (double)clock_boot_ns() - (double)(idle + iowait) * 1e7;
}

static double own_ns(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts))
		die("own CPU time");
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* False for a task that has ended meanwhile. */
static bool read_task(const char *pid, char *name, size_t size, double *ns)
{
	char path[64];
	bool is_there = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	file = fopen(path, "re");
	if (file) {
		is_there = fgets(name, (int)size, file) != NULL;
		fclose(file);
	}
	snprintf(path, sizeof(path), "/proc/%.16s/schedstat", pid);
	file = is_there ? fopen(path, "re") : NULL;
	if (!file)
		return false;
	is_there = fscanf(file, "%lf", ns) == 1;
	fclose(file);
	return is_there;
}

/* Each process of this guest has one task. What one has used that has ended is not known. */
static void read_tasks(struct cpu *cpu, enum side side, bool at_end)
{
	DIR *folder = opendir("/proc");
	struct dirent *entry;

	if (!folder)
		die("/proc");
	cpu->threads_n = 0;
	while ((entry = readdir(folder))) {
		int pid = atoi(entry->d_name);
		char name[64];
		double ns;

		if (pid < 1 || pid >= TASKS_MAX || pid == getpid() ||
		    !read_task(entry->d_name, name, sizeof(name), &ns))
			continue;
		if (!at_end) {
			task_ns[pid] = ns;
		} else if (brings_readings(side, name)) {
			cpu->threads += ns - task_ns[pid];
			cpu->threads_n++;
		} else {
			cpu->others += ns - task_ns[pid];
		}
	}
	closedir(folder);
}

/* What is spent on the measuring itself lies outside. */
static void cpu_begin(struct cpu *cpu, enum side side)
{
	*cpu = (struct cpu){ 0 };
	memset(task_ns, 0, sizeof(task_ns));
	read_tasks(cpu, side, false);
	cpu->busy = -busy_ns();
	cpu->reader = -own_ns();
}

static void cpu_end(struct cpu *cpu, enum side side)
{
	cpu->reader += own_ns();
	cpu->busy += busy_ns();
	read_tasks(cpu, side, true);
}

struct run { double wakeups, samples, records, p50_ms, p99_ms; struct cpu cpu; };

/* Microseconds for each sample. */
static double tasks_us(const struct run *run)
{
	return (run->cpu.threads + run->cpu.reader) / 1e3 / run->samples;
}

static double all_us(const struct run *run, double idle_ns)
{
	return (run->cpu.busy - idle_ns) / 1e3 / run->samples;
}

static void report(const char *who, int devices, const struct run *run, double idle_ns)
{
	printf("  %-21s %d devices: %5.2f wake-ups a tick; us CPU a sample: threads %6.1f + reader %6.1f = %6.1f, other tasks %5.1f, all with interrupts %6.1f; latency p50 %.2f p99 %.2f ms (%.0f samples)\n",
	       who, devices, run->wakeups / (SECONDS * 1000.0 / INTERVAL_MS),
	       run->cpu.threads / 1e3 / run->samples, run->cpu.reader / 1e3 / run->samples,
	       tasks_us(run), run->cpu.others / 1e3 / run->samples, all_us(run, idle_ns),
	       run->p50_ms, run->p99_ms, run->samples);
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

/* How long ago the chip answered, whose answer is the time: see tests/sim/ads1115.c. */
static double latency_ms(int32_t value, uint64_t now_ns)
{
	return (uint16_t)((now_ns >> 14) - (uint64_t)value) * 16384e-6;
}

/* A reader that knows what a tick gives: one record of each of @devices, and a beat. So it has
 * each as soon as the last one is there. The max-latency is for the few that are one too many.
 */
static struct run run_stream(int devices)
{
	static struct hydropon_record records[512];
	struct figures latency = { 0 };
	struct run run = { 0 };
	int fd = open_stream((uint32_t)devices + 1, 10);
	uint64_t end_ns;

	sleep_ms(500);
	while (read(fd, records, sizeof(records)) > 0)
		;
	cpu_begin(&run.cpu, OURS);
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
			run.records++;
			if (records[i].type != HYDROPON_REC_SAMPLE || records[i].status)
				continue;
			run.samples++;
			add(&latency, latency_ms(records[i].value, now_ns));
		}
	}
	cpu_end(&run.cpu, OURS);
	close(fd);
	if (run.cpu.threads_n < (unsigned int)devices)
		die("%u threads of the samplers", run.cpu.threads_n);
	run.p50_ms = quantile(&latency, 0.5);
	run.p99_ms = quantile(&latency, 0.99);
	free(latency.of);
	return run;
}

/* What is lost is told at the latest when there is room again. */
static void stall_stream(void)
{
	static struct hydropon_record records[4096];
	struct hydropon_info info;
	uint64_t told = 0, got = 0;
	int fd = open_stream(2048, 50);

	sleep_ms(STALL_S * 1000);
	for (int i = 0; i < 10; i++) {
		ssize_t n;

		while ((n = read(fd, records, sizeof(records))) > 0) {
			for (ssize_t r = 0; r < n / (ssize_t)sizeof(records[0]); r++) {
				if (records[r].type == HYDROPON_REC_LOST)
					told += (uint32_t)records[r].value;
				else
					got++;
			}
		}
		sleep_ms(100);
	}
	if (ioctl(fd, HYDROPON_IOC_INFO, &info))
		die("INFO");
	printf("  hydropon stream of %u, 8 devices, reader stopped for %d s: %llu records kept, %llu lost, %llu told in band\n",
	       info.ring_records, STALL_S, (unsigned long long)got,
	       (unsigned long long)info.lost, (unsigned long long)told);
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
	cpu_begin(&run.cpu, THEIRS);
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
				run.records++;
				add(&latency, latency_ms(scans[s].value, now_ns));
			}
		}
	}
	cpu_end(&run.cpu, THEIRS);
	if (run.cpu.threads_n != (unsigned int)n)
		die("%u threads of IIO's consumers", run.cpu.threads_n);
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
	sleep_ms(STALL_S * 1000);
	while ((n = read(device->fd, scans, sizeof(scans))) > 0)
		got += n / (ssize_t)sizeof(scans[0]);
	iio_stop(device);
	printf("  IIO buffer of 128, 1 device, reader stopped for %d s: %zd samples kept, about %d lost, none told\n",
	       STALL_S, got, STALL_S * 1000 / INTERVAL_MS - (int)got);
}

/* What the machine does without all of this, in the time of a run. */
static double measure_idle_ns(void)
{
	double ns;

	/* udev has heard of the unbinding. */
	sleep_ms(10000);
	ns = -busy_ns();
	sleep_ms(SECONDS * 1000);
	return ns + busy_ns();
}

static void set_samplers(int n, bool bound)
{
	for (int i = 0; i < n; i++) {
		char device[32];

		snprintf(device, sizeof(device), "hydropon:bench%d", i);
		bind_driver(bound, "hydropon-sampler", device);
	}
}

/* What is not compared. */
static void set_others(bool bound)
{
	static const char *const samplers[] = { "probe-a", "probe-b", "probe-c", "light", "sun", "leaf" };
	static const char *const pulses[] = {
		"flow-a", "water-meter", "zone-1", "zone-2", "zone-3", "zone-4", "zone-5", "zone-6",
		"zone-7", "zone-8",
	};
	char device[32];

	for (size_t i = 0; i < sizeof(samplers) / sizeof(samplers[0]); i++) {
		snprintf(device, sizeof(device), "hydropon:%s", samplers[i]);
		bind_driver(bound, "hydropon-sampler", device);
	}
	for (size_t i = 0; i < sizeof(pulses) / sizeof(pulses[0]); i++) {
		snprintf(device, sizeof(device), "hydropon:%s", pulses[i]);
		bind_driver(bound, "hydropon-pulse", device);
	}
}

static void set_transfer_us(const char *us)
{
	for (int i = 0; i < DEVICES; i++)
		write_file(us, SIM_ROOT "/i2c-bench%d/adc-48/latency_us", i);
}

#define COUNTS 3
static const int counts[COUNTS] = { 1, 4, 8 };

static void run_theirs(struct run runs[COUNTS], struct iio_device *devices)
{
	for (int i = 0; i < COUNTS; i++)
		runs[i] = run_iio(devices, counts[i]);
}

static void run_ours(struct run runs[COUNTS])
{
	set_samplers(DEVICES, false);
	for (int i = 0; i < COUNTS; i++) {
		set_samplers(counts[i], true);
		sleep_ms(10000);
		runs[i] = run_stream(counts[i]);
		set_samplers(counts[i], false);
	}
	set_samplers(DEVICES, true);
}

static void compare(const struct run ours[COUNTS], const struct run theirs[COUNTS], double idle_ns)
{
	for (int i = 0; i < COUNTS; i++)
		report("IIO triggered buffers", counts[i], &theirs[i], idle_ns);
	for (int i = 0; i < COUNTS; i++)
		report("hydropon stream", counts[i], &ours[i], idle_ns);
	for (int i = 0; i < COUNTS; i++)
		printf("  ours/theirs, %d devices: wake-ups %.2f, CPU of threads and reader a sample %.2f, of all with interrupts %.2f, p99 latency %.2f\n",
		       counts[i], ours[i].wakeups / theirs[i].wakeups,
		       tasks_us(&ours[i]) / tasks_us(&theirs[i]),
		       all_us(&ours[i], idle_ns) / all_us(&theirs[i], idle_ns),
		       ours[i].p99_ms / theirs[i].p99_ms);
	for (int i = 0; i < COUNTS; i++)
		printf("  CPU of threads and reader a record, %d devices: ours %.0f ns (samples and beats), theirs %.0f ns\n",
		       counts[i],
		       (ours[i].cpu.threads + ours[i].cpu.reader) / ours[i].records,
		       (theirs[i].cpu.threads + theirs[i].cpu.reader) / theirs[i].records);
}

static void bench_streams(void)
{
	static const char *const transfers_us[2] = { "0", STRING(TRANSFER_US) };
	struct run ours[2][COUNTS], theirs[2][COUNTS];
	struct iio_device devices[DEVICES];
	double idle_ns;

	for (int i = 0; i < DEVICES; i++)
		write_file("1", SIM_ROOT "/i2c-bench%d/adc-48/clock", i);
	printf("streams: %d s at %d ms, each device on a bus of its own; latency from the chip's answer until a process has it; an instruction takes 16 ns, more than a board's, and here always: ours repeat within 2 %%, IIO's depend on how the phases of its triggers fall\n",
	       SECONDS, INTERVAL_MS);
	if (find_adcs(devices, DEVICES) != DEVICES)
		die("eight ADCs of the bench");

	/* Theirs first: nothing of ours runs then. */
	bind_driver(false, "hydropon-gateway", "hydropon");
	idle_ns = measure_idle_ns();
	for (int i = 0; i < 2; i++) {
		set_transfer_us(transfers_us[i]);
		run_theirs(theirs[i], devices);
	}
	stall_iio(&devices[0]);

	bind_driver(true, "hydropon-gateway", "hydropon");
	sleep_ms(3000);
	set_others(false);
	for (int i = 0; i < 2; i++) {
		set_transfer_us(transfers_us[i]);
		run_ours(ours[i]);
	}
	stall_stream();
	set_transfer_us("0");
	set_others(true);
	for (int i = 0; i < 2; i++) {
		printf(" %s us a transfer; idle: %.2f ms CPU a second\n", transfers_us[i],
		       idle_ns / SECONDS / 1e6);
		compare(ours[i], theirs[i], idle_ns);
	}
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

/* --- lateness */

static void bench_late(void)
{
	static struct hydropon_record records[512];
	struct figures late = { 0 }, first = { 0 };
	uint64_t tick = 0, first_ns = 0;
	uint64_t end_ns;
	int fd;

	set_others(false);
	sleep_ms(10000);
	fd = open_stream(512, 50);
	end_ns = clock_boot_ns() + SECONDS * 1000 * MS;
	while (clock_boot_ns() < end_ns) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		poll(&p, 1, 1000);
		n = read(fd, records, sizeof(records));
		for (ssize_t i = 0; i < n / (ssize_t)sizeof(records[0]); i++) {
			uint64_t late_ns = records[i].time_ns % (INTERVAL_MS * MS);

			if (records[i].type != HYDROPON_REC_SAMPLE)
				continue;
			if (records[i].time_ns / (INTERVAL_MS * MS) != tick) {
				if (tick)
					add(&first, (double)first_ns / 1e3);
				tick = records[i].time_ns / (INTERVAL_MS * MS);
				first_ns = late_ns;
			}
			first_ns = late_ns < first_ns ? late_ns : first_ns;
			add(&late, (double)late_ns / 1e3);
		}
	}
	close(fd);
	set_others(true);
	printf("late: begin of a reading after its tick, at which 8 samplers begin on 2 CPUs: p50 %.1f p99 %.1f max %.1f us; the first of each tick: p50 %.1f p99 %.1f max %.1f us (%zu readings)\n",
	       quantile(&late, 0.5), quantile(&late, 0.99), quantile(&late, 1),
	       quantile(&first, 0.5), quantile(&first, 0.99), quantile(&first, 1), late.n);
	free(late.of);
	free(first.of);
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
