// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device at the mercy of members of its group: processes without privileges, of several
 * threads each, make calls with arguments of every kind, real leases among them, while the
 * wires fail. HYDROPON_OPS is how many calls, HYDROPON_SEED which.
 *
 * What must hold: records come in order, answers make sense at any time, nothing is on when
 * all have closed, it stays so, and the device is as usable as before. The kernel's log is
 * judged by who starts the test.
 */
#include <grp.h>
#include <signal.h>

#include "calls.h"
#include "spoil.h"

#define PROCESSES 3
#define STUCK_S 60
#define GROUP 990

static void *work(void *data)
{
	struct worker *worker = data;
	struct places *places = worker->places;
	enum call call;

	while (atomic_fetch_sub(&worker->session->left, 1) > 0 && !is_over()) {
		/* under the eyes of whoever reads its arguments there */
		places->shared[below(&worker->rng, (uint32_t)places->page)] = (char)rng_next(&worker->rng);
		call = choose_call(&worker->rng);
		/* An onlooker is refused what it is refused often enough. */
		if (!worker->session->controller && is_for_controllers(call) && !one_in(&worker->rng, 4))
			continue;
		make_call(worker, call);
		atomic_fetch_add(&shared->done, 1);
	}
	return NULL;
}

static bool view_gateway(int fd, struct gateway_view *view)
{
	struct hydropon_info info;

	if (ioctl(fd, HYDROPON_IOC_INFO, &info))
		return false;
	*view = (struct gateway_view) { .outputs = info.outputs, .channels = info.channels };
	for (uint32_t i = 0; i < info.outputs; i++) {
		struct hydropon_output_info output = { .index = i };

		view->safe_on[i] = !ioctl(fd, HYDROPON_IOC_OUTPUT, &output) && output.safe_on;
	}
	return true;
}

static bool session_open(struct session *session, struct rng *rng)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_ACCMODE, O_RDWR };
	int flags = one_in(rng, 4) ? modes[below(rng, 4)] : O_RDWR;
	int fd = open(DEVICE, flags | O_NONBLOCK | (one_in(rng, 2) ? O_CLOEXEC : 0));

	if (note(OPEN, fd) == EBUSY) {
		flags = O_RDONLY;
		fd = open(DEVICE, flags | O_NONBLOCK);
		note(OPEN, fd);
	}
	if (fd < 0)
		return false;
	session->fd = fd;
	session->controller = flags == O_RDWR;
	session->has_seq = false;
	session->has_beat = false;
	if (!view_gateway(fd, &session->view)) {
		close(fd);
		return false;
	}
	atomic_store(&session->left, 1 + (long)below(rng, session->controller ? 4000 : 300));
	return true;
}

static void run_session(struct session *session, struct places *places, struct rng *rng)
{
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	int started = 0;

	for (; started < THREADS; started++) {
		workers[started] = (struct worker) { session, &places[started], { rng_next(rng) } };
		if (pthread_create(&threads[started], NULL, work, &workers[started]))
			break;
	}
	while (started)
		pthread_join(threads[--started], NULL);
	/* sometimes the end of the process is what closes it */
	if (one_in(rng, 50))
		_exit(0);
	note(CLOSE, close(session->fd));
}

static void give_up_privileges(void)
{
	if (setgroups(0, NULL) || setresgid(GROUP, GROUP, GROUP) || setresuid(65534, 65534, 65534) ||
	    !setuid(0) || open(SIM_ROOT "/gpio-soc/line9", O_RDONLY) >= 0)
		fail("still privileged");
}

static void run_process(uint64_t seed)
{
	static struct session session = { .reading = PTHREAD_MUTEX_INITIALIZER };
	static struct places places[THREADS];
	char *common = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct rng rng = { seed };

	give_up_privileges();
	for (int i = 0; i < THREADS; i++)
		if (common == MAP_FAILED || !places_init(&places[i], common))
			fail("no memory");
	while (!is_over()) {
		if (session_open(&session, &rng))
			run_session(&session, places, &rng);
		else
			usleep(100);
		atomic_fetch_add(&shared->done, 1);
	}
	_exit(0);
}

static void signal_all(const pid_t *pids, int number)
{
	for (int i = 0; i < PROCESSES; i++)
		kill(pids[i], number);
}

/* All of them stand still: what was leased ends by itself, though nobody closes. */
static void stop_for_a_while(int fd, const pid_t *pids)
{
	int leased = -1;

	atomic_store(&shared->quiet, true);
	signal_all(pids, SIGSTOP);
	sleep_ms(2100);
	/* A processor of the virtual machine may itself stand still for a while. */
	for (int i = 0; i < 100 && leased; i++) {
		leased = look(fd);
		sleep_ms(50);
	}
	if (leased)
		fail("%d outputs on by leases of processes that stand still", leased);
	signal_all(pids, SIGCONT);
	atomic_store(&shared->quiet, false);
}

/* Runs them all, kills one now and then, and starts another. */
static void run_all(int fd, uint64_t seed)
{
	unsigned long seen = 0, next_stop = shared->wanted / 2;
	uint64_t seen_ns = clock_boot_ns(), next_kill_ns = seen_ns + 700 * MS;
	struct rng rng = { seed };
	pid_t pids[PROCESSES] = { 0 };
	int most = 0;

	while (!is_over()) {
		unsigned long done = atomic_load(&shared->done);
		uint64_t now_ns = clock_boot_ns();
		int leased = look(fd);

		most = leased > most ? leased : most;
		for (int i = 0; i < PROCESSES; i++) {
			if (pids[i] && waitpid(pids[i], NULL, WNOHANG) != pids[i])
				continue;
			pids[i] = fork();
			if (!pids[i])
				run_process(rng_next(&rng));
			rng_next(&rng);
		}
		if (done != seen)
			seen_ns = now_ns;
		else if (now_ns > seen_ns + STUCK_S * 1000 * MS)
			fail("no call has ended for %d s", STUCK_S);
		seen = done;
		if (now_ns > next_kill_ns) {
			kill(pids[below(&rng, PROCESSES)], SIGKILL);
			next_kill_ns = now_ns + below(&rng, 2000) * MS;
		}
		if (done >= next_stop) {
			stop_for_a_while(fd, pids);
			next_stop += shared->wanted > 1000000 ? 500000 : shared->wanted;
			seen_ns = clock_boot_ns();
		}
		sleep_ms(5);
	}
	sleep_ms(20);
	signal_all(pids, SIGKILL);
	for (int i = 0; i < PROCESSES; i++)
		waitpid(pids[i], NULL, 0);
	/* and those that linger */
	sleep_ms(100);
	if (!most)
		fail("nothing was ever on by a lease");
	harness_note("%d outputs leased at once at most", most);
}

static unsigned long successes(enum call call)
{
	return atomic_load(&shared->counts[call][0]);
}

static unsigned long failures(enum call call, int error)
{
	return atomic_load(&shared->counts[call][error]);
}

static void print_counts(void)
{
	for (int call = 0; call < CALLS; call++) {
		char line[512];
		int length = snprintf(line, sizeof(line), "%s:", call_names[call]);

		for (int error = 0; error < ERRNOS && length < (int)sizeof(line) - 40; error++)
			if (failures(call, error))
				length += snprintf(line + length, sizeof(line) - (size_t)length, " %s %lu",
						   error ? strerrorname_np(error) ?: "?" : "ok",
						   failures(call, error));
		harness_note("%s", line);
	}
}

/* A fuzzer that is only ever refused finds nothing. */
static void check_counts(void)
{
	static const enum call ioctls[] = {
		INFO, CHANNEL, OUTPUT, STREAM, SET_AWAY, SET_SAFE, RESTORE, RESET, INTERLOCKS, INTERLOCK,
	};
	static const enum call controllers[] = {
		STREAM, SET_AWAY, SET_SAFE, RESTORE, RESET, INTERLOCKS, ARM, READ,
	};
	static const int set_errors[] = { EINVAL, ERANGE, ESTALE, EPERM, EBUSY };
	/* Ten thousand calls may do without what is rare. */
	unsigned long some = shared->wanted / 5000, one = shared->wanted >= 20000;

	for (int call = 0; call < CALLS; call++)
		if (call != READ_BAD && call != UNKNOWN && call != FORK && call != PASS)
			EXPECT_GE(successes(call), call == OTHER || call == RESTORE ? 1 : some);
	for (size_t i = 0; i < sizeof(ioctls) / sizeof(*ioctls); i++)
		EXPECT_GE(failures(ioctls[i], EFAULT), one);
	for (size_t i = 0; i < sizeof(controllers) / sizeof(*controllers); i++)
		EXPECT_GE(failures(controllers[i], EPERM), one);
	for (size_t i = 0; i < sizeof(set_errors) / sizeof(*set_errors); i++)
		EXPECT_GE(failures(SET_AWAY, set_errors[i]), one);
	EXPECT_GE(failures(READ_BAD, EFAULT), one);
	EXPECT_GE(failures(INTERLOCKS, EINVAL), one);
	EXPECT_GE(failures(UNKNOWN, ENOTTY), one);
	EXPECT_GE(failures(OPEN, EBUSY), one);
	EXPECT_GE(failures(OPEN, EINVAL), one);
}

static const struct { const char *name, *chip; unsigned int line; } lines[OUTPUTS] = {
	{ "pump-a", "gpio-soc", 0 }, { "air-a", "gpio-soc", 1 }, { "ph-down", "gpio-soc", 2 },
	{ "nutrient", "gpio-soc", 3 }, { "lights", "gpio-soc", 4 }, { "fill", "gpio-bus", 0 },
	{ "circ-b", "gpio-panel", 1 }, { "dose-b", "gpio-panel", 5 }, { "valve-b", "gpio-panel", 8 },
};

/* What all have closed is safe but for the interlocks, which outlive them. */
static void check_closed(int fd)
{
	EXPECT_EQ(device_info(fd).controlled, 0);
	EXPECT_EQ(device_info(fd).armed, 0);
	EXPECT_EQ(look(fd), 0);
	/* a switch that was at ON opens, a bus is tried again */
	sleep_ms(400);
	for (size_t i = 0; i < OUTPUTS; i++) {
		struct hydropon_output_info info = output_info(fd, (uint32_t)find_output(fd, lines[i].name));

		EXPECT_EQ(info.line_status, 0);
		EXPECT_EQ(sim_output_level(lines[i].chip, lines[i].line), info.on);
		if (info.on && !info.safe_on && info.cause != HYDROPON_CAUSE_TRIP_ON)
			harness_fail(__FILE__, __LINE__, "%s is on, cause %u", info.name, info.cause);
	}
}

/* Without their interlocks and latches all are at their declared state, and stay there. */
static void check_safe(int onlooker)
{
	struct hydropon_interlocks none = { .n = 0 };
	int fd = device_open(O_RDWR | O_NONBLOCK);
	uint64_t since_ns;

	ASSERT_GE(fd, 0);
	EXPECT_EQ(ioctl_errno(fd, HYDROPON_IOC_INTERLOCKS, &none), 0);
	sleep_ms(700);
	for (uint32_t i = 0; i < OUTPUTS; i++) {
		int error = ioctl_errno(fd, HYDROPON_IOC_RESET, &i);

		/* a spent budget is not reset, and forces off what is off */
		if (error)
			EXPECT_EQ(output_info(fd, i).latched, HYDROPON_LATCH_BUDGET);
	}
	close(fd);
	sleep_ms(200);
	since_ns = clock_boot_ns();
	sleep_ms(300);
	for (size_t i = 0; i < OUTPUTS; i++) {
		struct hydropon_output_info info = output_info(onlooker,
							       (uint32_t)find_output(onlooker, lines[i].name));

		EXPECT_EQ(sim_output_level(lines[i].chip, lines[i].line), info.safe_on);
		sim_record_clear(lines[i].chip);
	}
	sleep_ms(300);
	for (size_t i = 0; i < OUTPUTS; i++)
		EXPECT_EQ(count_transitions(lines[i].chip, lines[i].line, since_ns), 0);
}

/* And leaves a gateway to others that remembers nothing. */
static void check_usable(void)
{
	int fd = device_open(O_RDWR | O_NONBLOCK), air;

	ASSERT_GE(fd, 0);
	air = find_output(fd, "air-a");
	arm(fd);
	EXPECT_EQ(lease(fd, air, false, 1000), 0);
	EXPECT_EQ(sim_output_level(SIM_SOC, SIM_AIR), 0);
	close(fd);
	EXPECT_EQ(sim_output_level(SIM_SOC, SIM_AIR), 1);
	rebind("hydropon-gateway", "hydropon");
	wait_for_device();
}

TEST_TIMEOUT(members_of_the_group_break_nothing, 48 * 3600)
{
	uint64_t seed = number_from("HYDROPON_SEED", 1), wires_seed = ~seed;
	pthread_t wires;
	int fd;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(shared != MAP_FAILED);
	shared->wanted = number_from("HYDROPON_OPS", 20000);
	harness_note("%lu calls, seed %llu", shared->wanted, (unsigned long long)seed);
	power_is_good();
	fd = device_open(O_RDONLY);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(pthread_create(&wires, NULL, spoil_wires, &wires_seed), 0);
	run_all(fd, seed);
	pthread_join(wires, NULL);
	mend_wires();
	print_counts();
	if (atomic_load(&shared->failed))
		harness_fail(__FILE__, __LINE__, "%s", shared->failure);
	check_counts();
	wait_for_device();
	check_closed(fd);
	check_safe(fd);
	close(fd);
	check_usable();
}
