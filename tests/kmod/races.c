// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices come and go under those who use them. HYDROPON_OPS is how often. The processors of
 * the virtual machine run side by side here, and no time is judged: nothing may break, and
 * afterwards everything is safe and works.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "device.h"
#include "fuzz/arguments.h"
#include "fuzz/pass.h"
#include "lines.h"

#define STUCK_S 60

/* What comes and goes. */
struct thing {
	const char *bus, *driver, *device;
	const char *chip;	/* of an output: its line, and what it is then */
	unsigned int line;
	bool safe_on;
};

static const struct thing gateway = { "platform", "hydropon-gateway", "hydropon", NULL, 0, false };

static const struct thing outputs[OUTPUTS] = {
	{ "platform", "hydropon-output", "hydropon:pump-a", "gpio-soc", 0, false },
	{ "platform", "hydropon-output", "hydropon:air-a", "gpio-soc", 1, true },
	{ "platform", "hydropon-output", "hydropon:ph-down", "gpio-soc", 2, false },
	{ "platform", "hydropon-output", "hydropon:nutrient", "gpio-soc", 3, false },
	{ "platform", "hydropon-output", "hydropon:lights", "gpio-soc", 4, false },
	{ "platform", "hydropon-output", "hydropon:fill", "gpio-bus", 0, false },
	{ "platform", "hydropon-output", "hydropon:circ-b", "gpio-panel", 1, true },
	{ "platform", "hydropon-output", "hydropon:dose-b", "gpio-panel", 5, false },
	{ "platform", "hydropon-output", "hydropon:valve-b", "gpio-panel", 8, false },
};

static const struct thing inputs[] = {
	{ "platform", "hydropon-sampler", "hydropon:probe-a", NULL, 0, false },
	{ "platform", "hydropon-sampler", "hydropon:probe-b", NULL, 0, false },
	{ "platform", "hydropon-sampler", "hydropon:light", NULL, 0, false },
	{ "platform", "hydropon-pulse", "hydropon:flow-a", NULL, 0, false },
	{ "platform", "hydropon-sim-i2c", "i2c", NULL, 0, false },
	{ "platform", "hydropon-sim-i2c", "i2c-b", NULL, 0, false },
};
#define INPUTS (sizeof(inputs) / sizeof(*inputs))

static const struct thing chips[] = {
	{ "platform", "hydropon-sim-gpio", "gpio-soc", NULL, 0, false },
	{ "platform", "hydropon-sim-gpio", "gpio-bus", NULL, 0, false },
	{ "platform", "hydropon-sim-gpio", "gpio-panel", NULL, 0, false },
};
#define CHIPS (sizeof(chips) / sizeof(*chips))

static bool is_bound(const struct thing *thing)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/%s/drivers/%s/%s", thing->bus, thing->driver,
		 thing->device);
	return !access(path, F_OK);
}

/* Others may have been faster, and what it needs may be away: then nothing happens. */
static bool ask(const struct thing *thing, const char *what)
{
	char path[128];
	bool done;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/%s/drivers/%s/%s", thing->bus, thing->driver, what);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		harness_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
		return false;
	}
	done = write(fd, thing->device, strlen(thing->device)) > 0;
	close(fd);
	return done;
}

/* The threads of a test. */
static struct {
	atomic_bool over;
	atomic_ulong rounds, opens, leases, endings;
	unsigned long wanted;
	bool all;	/* chips come and go as well, and two bind the same things */
} race;

/* Uses the device in every way, with and without an end under its hands. */
static void use(struct rng *rng, int fd)
{
	struct hydropon_record records[64];
	struct hydropon_set set = { .output = below(rng, OUTPUTS), .on = 1, .lease_ms = 1000 };
	struct hydropon_output_info output = { .index = set.output };
	uint32_t beat = 0;

	for (uint32_t rounds = 1 + below(rng, 40); rounds && !atomic_load(&race.over); rounds--) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		struct hydropon_restore kept = { .output = below(rng, OUTPUTS) };
		ssize_t n;

		poll(&p, 1, (int)below(rng, 60));
		n = read(fd, records, sizeof(records));
		if (n < 0 && errno == ENODEV) {
			atomic_fetch_add(&race.endings, 1);
			return;
		}
		for (ssize_t i = 0; i < n / 32; i++)
			if (records[i].type == HYDROPON_REC_BEAT)
				beat = (uint32_t)records[i].value;
		ioctl(fd, HYDROPON_IOC_OUTPUT, &output);
		ioctl(fd, HYDROPON_IOC_RESTORE, &kept);
		ioctl(fd, HYDROPON_IOC_ARM);
		ioctl(fd, HYDROPON_IOC_RESET, &kept.output);
		set.beat = beat;
		set.on = !output.safe_on;
		atomic_fetch_add(&race.leases, !ioctl(fd, HYDROPON_IOC_SET, &set));
		set.output = below(rng, OUTPUTS);
		output.index = set.output;
	}
}

static void *open_and_use(void *seed)
{
	struct rng rng = { (uintptr_t)seed };

	while (!atomic_load(&race.over)) {
		int fd = device_open(O_NONBLOCK | (one_in(&rng, 4) ? O_RDONLY : O_RDWR));
		int other;

		if (fd < 0) {
			usleep(below(&rng, 3000));
			continue;
		}
		atomic_fetch_add(&race.opens, 1);
		other = one_in(&rng, 3) ? dup(fd) : -1;
		use(&rng, fd);
		close(fd);
		if (other >= 0) {
			use(&rng, other);
			close(other);
		}
	}
	return NULL;
}

/* Sleeps in read() as long as it can. */
static void *read_blocking(void *unused)
{
	struct hydropon_stream stream = { 2048, 10000 };
	struct hydropon_record records[64];

	while (!atomic_load(&race.over)) {
		int fd = device_open(O_RDWR);

		if (fd < 0) {
			usleep(1000);
			continue;
		}
		ioctl(fd, HYDROPON_IOC_STREAM, &stream);
		if (read(fd, records, sizeof(records)) < 0 && errno == ENODEV)
			atomic_fetch_add(&race.endings, 1);
		close(fd);
		/* not only this one wants to be the controller */
		usleep(2000);
	}
	return NULL;
}

static void expect_safe(const struct thing *output)
{
	int level = sim_output_level(output->chip, output->line);

	if (level >= 0 && level != output->safe_on)
		harness_fail(__FILE__, __LINE__, "%s is unbound and at %d", output->device, level);
}

static void power_on(void)
{
	sim_input_set(SIM_SOC, SIM_POWER_GOOD, true);
}

/* Lets go, and brings back. Who alone does so can say that what has no driver is safe. */
static void come_and_go(struct rng *rng, const struct thing *thing, bool alone)
{
	if (ask(thing, "unbind") && alone) {
		for (int i = 0; i < OUTPUTS; i++)
			if (thing == &gateway || thing == &outputs[i])
				expect_safe(&outputs[i]);
	}
	if (one_in(rng, 2))
		usleep(below(rng, 5000));
	ask(thing, "bind");
	power_on();
	/* A chip takes the gateway along; its links may have been made for its children. */
	if (race.all && !is_bound(&gateway))
		ask(&gateway, "bind");
}

/* It goes on until somebody was there, or nothing is proved; not for ever. */
static void end_round(void)
{
	unsigned long rounds = atomic_fetch_add(&race.rounds, 1);

	if (rounds >= race.wanted && ((atomic_load(&race.leases) && atomic_load(&race.endings)) ||
				      rounds >= 20 * race.wanted))
		atomic_store(&race.over, true);
}

static void *bind_outputs(void *seed)
{
	struct rng rng = { (uintptr_t)seed };

	while (!atomic_load(&race.over)) {
		if (one_in(&rng, 5))
			come_and_go(&rng, &gateway, !race.all);
		else
			come_and_go(&rng, &outputs[below(&rng, OUTPUTS)], !race.all);
		end_round();
		/* A lease wants a beat, which comes within 100 ms. */
		if (one_in(&rng, 4))
			usleep(below(&rng, 150000));
	}
	return NULL;
}

static void *bind_others(void *seed)
{
	struct rng rng = { (uintptr_t)seed };

	while (!atomic_load(&race.over)) {
		if (race.all && one_in(&rng, 3))
			come_and_go(&rng, &chips[below(&rng, CHIPS)], false);
		else if (race.all && one_in(&rng, 2))
			come_and_go(&rng, one_in(&rng, 4) ? &gateway : &outputs[below(&rng, OUTPUTS)], false);
		else
			come_and_go(&rng, &inputs[below(&rng, INPUTS)], false);
		end_round();
		usleep(below(&rng, 5000));
	}
	return NULL;
}

static void bring_all_back(void)
{
	for (int tries = 0; tries < 3; tries++) {
		for (size_t i = 0; i < CHIPS; i++)
			if (!is_bound(&chips[i]))
				ask(&chips[i], "bind");
		power_on();
		for (size_t i = 0; i < INPUTS; i++)
			if (strstr(inputs[i].driver, "sim") && !is_bound(&inputs[i]))
				ask(&inputs[i], "bind");
		if (!is_bound(&gateway))
			ask(&gateway, "bind");
		for (size_t i = 0; i < OUTPUTS; i++)
			if (!is_bound(&outputs[i]))
				ask(&outputs[i], "bind");
		for (size_t i = 0; i < INPUTS; i++)
			if (!is_bound(&inputs[i]))
				ask(&inputs[i], "bind");
		sleep_ms(200);
	}
	for (size_t i = 0; i < INPUTS; i++)
		if (!is_bound(&inputs[i]))
			harness_fail(__FILE__, __LINE__, "%s did not come back", inputs[i].device);
	wait_for_device();
}

static void expect_safe_and_usable(void)
{
	int fd, air;

	for (size_t i = 0; i < OUTPUTS; i++)
		EXPECT_EQ(sim_output_level(outputs[i].chip, outputs[i].line), outputs[i].safe_on);
	fd = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_GE(fd, 0);
	arm(fd);
	air = find_output(fd, "air-a");
	EXPECT_EQ(lease(fd, air, false, 1000), 0);
	EXPECT_EQ(sim_output_level(SIM_SOC, SIM_AIR), 0);
	close(fd);
	EXPECT_EQ(sim_output_level(SIM_SOC, SIM_AIR), 1);
	/* and the probes are read again */
	fd = device_open(O_RDWR | O_NONBLOCK);
	next_of_type(fd, HYDROPON_REC_SAMPLE);
	next_of_type(fd, HYDROPON_REC_PULSE);
	close(fd);
}

static void run_race(unsigned long wanted, bool all)
{
	void *(*const bodies[])(void *) = {
		bind_outputs, bind_others, open_and_use, open_and_use, read_blocking,
	};
	enum { N = sizeof(bodies) / sizeof(*bodies) };
	uintptr_t seed = number_from("HYDROPON_SEED", 1) * N;
	unsigned long seen = 0, opens, leases, endings;
	int stuck_s = 0;
	pthread_t threads[N];

	race.wanted = wanted;
	race.all = all;
	power_is_good();
	for (int i = 0; i < N; i++)
		ASSERT_EQ(pthread_create(&threads[i], NULL, bodies[i], (void *)(seed + (uintptr_t)i)), 0);
	while (!atomic_load(&race.over)) {
		sleep_ms(1000);
		stuck_s = atomic_load(&race.rounds) == seen ? stuck_s + 1 : 0;
		seen = atomic_load(&race.rounds);
		if (stuck_s == STUCK_S) {
			harness_fail(__FILE__, __LINE__, "nothing was bound for %d s", STUCK_S);
			_exit(1);
		}
	}
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	opens = atomic_load(&race.opens);
	leases = atomic_load(&race.leases);
	endings = atomic_load(&race.endings);
	harness_note("%lu bindings, %lu opens, %lu leases, %lu ends under an open file",
		     atomic_load(&race.rounds), opens, leases, endings);
	EXPECT_GE(opens, 1 + wanted / 50);
	EXPECT_GE(leases, 1);
	EXPECT_GE(endings, 1);
	bring_all_back();
	expect_safe_and_usable();
}

TEST_TIMEOUT(gateway_and_outputs_come_and_go_under_their_users, 24 * 3600)
{
	run_race(number_from("HYDROPON_OPS", 200) / 2, false);
}

TEST_TIMEOUT(everything_comes_and_goes_at_once, 24 * 3600)
{
	run_race(number_from("HYDROPON_OPS", 200) / 2, true);
}

static void expect_gone(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct hydropon_record records[64];
	struct hydropon_info info;
	ssize_t n;

	EXPECT_EQ(ioctl_errno(fd, HYDROPON_IOC_INFO, &info), ENODEV);
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_TRUE(p.revents & POLLHUP);
	do
		n = read(fd, records, sizeof(records));
	while (n > 0);
	EXPECT_EQ(errno, ENODEV);
}

TEST_TIMEOUT(a_file_outlives_its_gateway_wherever_it_is, 1200)
{
	for (int order = 0; order < 4; order++) {
		int sockets[2], to_child[2], from_child[2], fd, copy, flown, pump, status;
		char byte = 0;
		pid_t pid;

		power_is_good();
		fd = device_open(O_RDWR | O_NONBLOCK);
		ASSERT_GE(fd, 0);
		pump = find_output(fd, "pump-a");
		arm(fd);
		copy = dup(fd);
		ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets), 0);
		ASSERT_EQ(pipe(to_child), 0);
		ASSERT_EQ(pipe(from_child), 0);
		ASSERT_EQ(lease(fd, pump, true, 2000), 0);
		pid = fork();
		if (!pid) {
			/* what its parent closes it still has */
			if (read(to_child[0], &byte, 1) != 1)
				_exit(1);
			expect_gone(fd);
			if (write(from_child[1], &byte, 1) != 1)
				_exit(1);
			_exit(0);
		}
		EXPECT_EQ(pass_send(sockets[0], fd), 1);
		/* no close but the last one ends a lease */
		close(fd);
		EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 1);
		EXPECT_EQ(output_info(copy, (uint32_t)pump).cause, HYDROPON_CAUSE_LEASE);
		if (order & 1) {
			unbind("hydropon-gateway", "hydropon");
			bind("hydropon-gateway", "hydropon");
		} else {
			unbind("hydropon-gateway", "hydropon");
		}
		EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
		expect_gone(copy);
		if (order & 2) {
			flown = pass_receive(sockets[1]);
			expect_gone(flown);
			close(flown);
		}
		close(copy);
		EXPECT_EQ(write(to_child[1], &byte, 1), 1);
		EXPECT_EQ(read(from_child[0], &byte, 1), 1);
		EXPECT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT_EQ(status, 0);
		/* with the sockets the last one goes that was never taken */
		close(sockets[0]);
		close(sockets[1]);
		if (!(order & 1))
			bind("hydropon-gateway", "hydropon");
		wait_for_device();
	}
}

static int delete_module(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? errno : 0;
}

TEST_TIMEOUT(an_open_file_keeps_the_module, 1200)
{
	static const int modes[] = { O_RDONLY, O_RDWR };

	for (int i = 0; i < 2; i++) {
		int fd, tries = 0;

		power_is_good();
		/* It may still have devices of the last race to load a module for. */
		EXPECT_EQ(system("udevadm settle --timeout=600"), 0);
		fd = device_open(modes[i] | O_NONBLOCK);
		ASSERT_GE(fd, 0);
		/* samplers may go: nothing of theirs is open */
		EXPECT_EQ(delete_module("hydropon"), 0);
		EXPECT_EQ(delete_module("hydropon_guard"), EAGAIN);
		EXPECT_EQ(device_info(fd).outputs, OUTPUTS);
		/* not without the gateway either */
		unbind("hydropon-gateway", "hydropon");
		EXPECT_EQ(delete_module("hydropon_guard"), EAGAIN);
		close(fd);
		while (delete_module("hydropon_guard") == EAGAIN && tries++ < 6000)
			sleep_ms(10);
		EXPECT_NE(access("/sys/module/hydropon_guard", F_OK), 0);
		EXPECT_NE(access(DEVICE, F_OK), 0);
		EXPECT_EQ(system("modprobe hydropon-guard && modprobe hydropon"), 0);
		wait_for_device();
	}
	expect_safe_and_usable();
}
