// SPDX-License-Identifier: GPL-2.0-only
/* The control sockets of the real hydropond, and clients of every kind. */
#include "unit/process.h"

#include <dirent.h>
#include <sched.h>

#include <json-c/json.h>
#include <systemd/sd-event.h>

#include "control/server.h"

#define STATUS "{\"cmd\":\"status\"}\n"
#define PUMP_ON "{\"cmd\":\"set\",\"output\":\"pump\",\"on\":true}\n"
#define PUMP_ON_FOR(ms) "{\"cmd\":\"set\",\"output\":\"pump\",\"on\":true,\"for_ms\":" ms "}\n"
#define PUMP_RELEASE "{\"cmd\":\"release\",\"output\":\"pump\"}\n"
#define ANSWER_MS 5000

FIXTURE(control)
{
	char dir[64];
	pid_t pid;
};

FIXTURE_SETUP(control)
{
	directory_make(self->dir, sizeof(self->dir));
	self->pid = hydropond_start(self->dir);
}

FIXTURE_TEARDOWN(control)
{
	EXPECT_EQ(hydropond_stop(self->pid), 0);
	directory_remove(self->dir);
}

static int client(struct fixture_control *self, const char *name)
{
	int fd = socket_connect(self->dir, name);

	ASSERT_GE(fd, 0);
	return fd;
}

static void say(int fd, const char *text)
{
	ASSERT_EQ(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* One line in a buffer that the next call reuses; NULL if the connection is closed. */
static const char *hear(int fd)
{
	static char line[65536];
	size_t used = 0;

	while (used < sizeof(line) - 1) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

		ASSERT_EQ(poll(&poll_fd, 1, ANSWER_MS), 1);
		if (read(fd, line + used, 1) <= 0)
			return NULL;
		if (line[used++] == '\n')
			break;
	}
	line[used] = 0;
	return line;
}

static const char *ask(int fd, const char *request)
{
	say(fd, request);
	return hear(fd);
}

/* To be put. */
static struct json_object *status(struct fixture_control *self)
{
	int fd = client(self, "status.sock");
	struct json_object *object = json_tokener_parse(ask(fd, STATUS));

	close(fd);
	ASSERT_TRUE(json_object_is_type(object, json_type_object));
	return object;
}

static bool is_running(struct json_object *object)
{
	struct json_object *forwarder = json_object_object_get(object, "forwarder");

	return json_object_get_boolean(json_object_object_get(forwarder, "running"));
}

TEST_F(control, answers_the_status)
{
	struct json_object *object = status(self), *array;
	static const char *const keys[] = {
		"ok", "gateway", "site", "version", "uptime_s", "boot_ns", "protected", "armed",
		"power", "channels", "outputs", "stream", "spool", "stores", "log_dropped",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!json_object_object_get_ex(object, keys[i], NULL))
			harness_fail(__FILE__, __LINE__, "no %s", keys[i]);
	EXPECT_STREQ(json_object_get_string(json_object_object_get(object, "gateway")),
		     "greenhouse");
	EXPECT_FALSE(json_object_get_boolean(json_object_object_get(object, "protected")));
	array = json_object_object_get(object, "outputs");
	ASSERT_EQ(json_object_array_length(array), 2);
	EXPECT_TRUE(!json_object_object_get(json_object_array_get_idx(array, 0), "on"));
	json_object_put(object);
}

TEST_F(control, answers_with_metrics)
{
	int fd = client(self, "status.sock");
	const char *line = ask(fd, "metrics\n");
	unsigned int lines = 0;

	ASSERT_TRUE(line != NULL);
	EXPECT_STREQ(line, "# TYPE hydropon_build info\n");
	while (line && strcmp(line, "# EOF\n") && ++lines < 1000)
		line = hear(fd);
	EXPECT_GT(lines, 40);
	EXPECT_LT(lines, 1000);
	/* The connection is as good as before. */
	EXPECT_CONTAINS(ask(fd, STATUS), "\"ok\":true");
	close(fd);
}

TEST_F(control, bad_requests_keep_the_connection)
{
	static const char *const bad[] = {
		"\n", "{}\n", "[]\n", "nonsense\n", "{\"cmd\":\"status\"\n", "{\"cmd\":7}\n",
		"{\"cmd\":\"reboot\"}\n", "{\"cmd\":\"status\"}{}\n", "\"\\ud800\"\n",
		"[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]\n",
	};
	int fd = client(self, "control.sock");

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT_CONTAINS(ask(fd, bad[i]), "{\"ok\":false,\"error\":\"");
	EXPECT_CONTAINS(ask(fd, "{\"cmd\":\"status\",\"x\":\"\xff\"}\n"), "one JSON object");
	ASSERT_EQ(write(fd, "{\"cmd\":\"status\"}\0{}\n", 20), 20);
	EXPECT_CONTAINS(hear(fd), "one JSON object");
	EXPECT_CONTAINS(ask(fd, STATUS), "{\"ok\":true");
	close(fd);
}

TEST_F(control, an_overlong_line_is_told_and_closed)
{
	char line[SERVER_REQUEST_MAX + 2];
	int fd = client(self, "status.sock");

	memset(line, ' ', sizeof(line));
	line[SERVER_REQUEST_MAX] = '\n';
	line[SERVER_REQUEST_MAX + 1] = 0;
	EXPECT_CONTAINS(ask(fd, line), "one JSON object");	/* the longest there may be */
	memset(line, ' ', SERVER_REQUEST_MAX + 1);
	EXPECT_CONTAINS(ask(fd, line), "longer than 4096 bytes");
	EXPECT_TRUE(hear(fd) == NULL);
	close(fd);
}

TEST_F(control, a_request_may_come_in_pieces_and_several_at_once)
{
	int fd = client(self, "status.sock");

	for (const char *c = STATUS; *c; c++) {
		char piece[2] = { *c };

		say(fd, piece);
		sleep_ms(2);
	}
	EXPECT_CONTAINS(hear(fd), "{\"ok\":true");
	say(fd, STATUS "{}\n" STATUS "{\"cmd\":");
	EXPECT_CONTAINS(hear(fd), "{\"ok\":true");
	EXPECT_CONTAINS(hear(fd), "{\"ok\":false");
	EXPECT_CONTAINS(hear(fd), "{\"ok\":true");
	say(fd, "\"status\"}\n");
	EXPECT_CONTAINS(hear(fd), "{\"ok\":true");
	close(fd);
}

TEST_F(control, requests_before_the_end_are_answered)
{
	int fd = client(self, "status.sock");

	say(fd, STATUS STATUS);
	shutdown(fd, SHUT_WR);
	EXPECT_CONTAINS(hear(fd), "{\"ok\":true");
	EXPECT_CONTAINS(hear(fd), "{\"ok\":true");
	EXPECT_TRUE(hear(fd) == NULL);
	close(fd);
}

TEST_F(control, only_the_control_socket_controls)
{
	int watcher = client(self, "status.sock"), controller = client(self, "control.sock");

	EXPECT_CONTAINS(ask(watcher, PUMP_ON), "read only");
	EXPECT_CONTAINS(ask(watcher, PUMP_RELEASE), "read only");
	EXPECT_CONTAINS(ask(watcher, STATUS), "\"override\":null");
	EXPECT_CONTAINS(ask(controller, PUMP_ON_FOR("60000")), "\"ok\":true");
	EXPECT_CONTAINS(ask(watcher, STATUS), "\"override\":{\"on\":true,\"left_ms\":");
	EXPECT_CONTAINS(ask(controller, PUMP_RELEASE), "\"ok\":true");
	EXPECT_TRUE(strstr(ask(watcher, STATUS), "\"left_ms\":") == NULL);
	EXPECT_CONTAINS(ask(controller, PUMP_RELEASE), "no override");
	close(watcher);
	close(controller);
}

TEST_F(control, an_override_says_what_it_waits_for)
{
	int fd = client(self, "control.sock");

	EXPECT_CONTAINS(ask(fd, PUMP_ON),
			"\"note\":\"will wait for the kernel device ");
	close(fd);
}

TEST_F(control, refuses_a_set_that_is_not_whole)
{
	static const char *const bad[][2] = {
		{ "{\"cmd\":\"set\",\"on\":true}\n", "\\\"output\\\" must be" },
		{ "{\"cmd\":\"set\",\"output\":7,\"on\":true}\n", "\\\"output\\\" must be" },
		{ "{\"cmd\":\"set\",\"output\":\"heater\",\"on\":true}\n", "there are: pump, air" },
		{ "{\"cmd\":\"set\",\"output\":\"pump\\u0000x\",\"on\":true}\n",
		  "there are: pump, air" },
		{ "{\"cmd\":\"set\",\"output\":\"pump\"}\n", "\\\"on\\\" must be" },
		{ "{\"cmd\":\"set\",\"output\":\"pump\",\"on\":1}\n", "\\\"on\\\" must be" },
		{ PUMP_ON_FOR("0"), "for_ms" },
		{ PUMP_ON_FOR("-1"), "for_ms" },
		{ PUMP_ON_FOR("86400001"), "for_ms" },
		{ PUMP_ON_FOR("1e9"), "for_ms" },
		{ PUMP_ON_FOR("null"), "for_ms" },
		{ PUMP_ON_FOR("\"60000\""), "for_ms" },
		{ PUMP_ON_FOR("99999999999999999999999"), "for_ms" },
	};
	int fd = client(self, "control.sock");

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *answer = ask(fd, bad[i][0]);

		EXPECT_CONTAINS(answer, "{\"ok\":false");
		EXPECT_CONTAINS(answer, bad[i][1]);
	}
	EXPECT_CONTAINS(ask(fd, STATUS), "\"override\":null");
	close(fd);
}

TEST_F(control, sockets_have_the_modes_that_are_promised)
{
	char path[128];
	struct stat stat_;

	snprintf(path, sizeof(path), "%s/run/status.sock", self->dir);
	ASSERT_EQ(stat(path, &stat_), 0);
	EXPECT_EQ(stat_.st_mode & 07777, 0666);
	snprintf(path, sizeof(path), "%s/run/control.sock", self->dir);
	ASSERT_EQ(stat(path, &stat_), 0);
	EXPECT_EQ(stat_.st_mode & 07777, 0660);
}

static size_t open_files(pid_t pid)
{
	char path[64];
	size_t count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	ASSERT_TRUE(dir != NULL);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* Its files are open then. */
static void wait_for_spool(struct fixture_control *self)
{
	bool is_open = false;

	for (int i = 0; i < 250 && !is_open; i++) {
		struct json_object *object = status(self);

		is_open = json_object_object_get(json_object_object_get(object, "spool"), "clock");
		json_object_put(object);
		sleep_ms(20);
	}
	EXPECT_TRUE(is_open);
}

TEST_F(control, of_a_hundred_clients_sixteen_are_served)
{
	int fds[100], served = 0, refused = 0;
	size_t files;

	wait_for_spool(self);
	files = open_files(self->pid);
	for (int i = 0; i < 100; i++)
		fds[i] = client(self, "status.sock");
	for (int i = 0; i < 100; i++) {
		const char *answer;

		send(fds[i], STATUS, strlen(STATUS), MSG_NOSIGNAL);
		answer = hear(fds[i]);
		served += answer && strstr(answer, "\"gateway\"");
		refused += answer && strstr(answer, "too many clients");
	}
	EXPECT_EQ(served, SERVER_CLIENTS_MAX);
	EXPECT_EQ(refused, 100 - SERVER_CLIENTS_MAX);
	close(client(self, "control.sock"));	/* the other socket has places of its own */
	for (int i = 0; i < 100; i++)
		close(fds[i]);
	json_object_put(status(self));
	/* a few may come and go: the spool thread has files of its own */
	for (int i = 0; i < 100 && open_files(self->pid) > files + 4; i++)
		sleep_ms(20);
	EXPECT_LE(open_files(self->pid), files + 4);
}

TEST_F(control, a_slow_reader_stalls_nobody)
{
	int slow = client(self, "status.sock"), fast = client(self, "status.sock");
	uint64_t longest_ns = 0;
	size_t sent = 0;

	fcntl(slow, F_SETFL, O_NONBLOCK);
	while (send(slow, STATUS, strlen(STATUS), MSG_NOSIGNAL) == (ssize_t)strlen(STATUS))
		sent++;
	EXPECT_GT(sent, 100);
	for (int i = 0; i < 50; i++) {
		uint64_t start_ns = clock_boot_ns(), took_ns;

		EXPECT_CONTAINS(ask(fast, STATUS), "{\"ok\":true");
		took_ns = clock_boot_ns() - start_ns;
		if (took_ns > longest_ns)
			longest_ns = took_ns;
	}
	harness_note("longest answer beside a slow reader: %llu us",
		     (unsigned long long)(longest_ns / 1000));
	EXPECT_LT(longest_ns, NS_PER_SEC);
	/* Then it reads, and nothing of it all was lost or mixed up. */
	fcntl(slow, F_SETFL, 0);
	for (size_t i = 0; i < sent; i++) {
		struct json_object *answer = json_tokener_parse(hear(slow));

		ASSERT_TRUE(json_object_object_get(answer, "gateway") != NULL);
		json_object_put(answer);
	}
	close(slow);
	close(fast);
}

#define FLOODERS 8
#define FLOOD_MS 3000

/* Requests without end on each of @fds; the answers that came until @end_ns. */
static size_t flood(const int *fds, uint64_t end_ns)
{
	char requests[1200], text[65536];
	size_t answers = 0;

	for (size_t i = 0; i < sizeof(requests); i += 3)
		memcpy(requests + i, "{}\n", 3);
	while (clock_boot_ns() < end_ns) {
		for (size_t i = 0; i < FLOODERS; i++) {
			ssize_t n;

			send(fds[i], requests, sizeof(requests), MSG_NOSIGNAL | MSG_DONTWAIT);
			n = recv(fds[i], text, sizeof(text), MSG_DONTWAIT);
			for (ssize_t j = 0; j < n; j++)
				answers += text[j] == '\n';
		}
		sleep_ms(1);
	}
	return answers;
}

TEST_F(control, a_flood_leaves_it_time_to_sleep)
{
	uint64_t start_ns = clock_boot_ns(), asked_ns;
	int fds[FLOODERS], polite = client(self, "status.sock");
	size_t answers, rests;

	for (size_t i = 0; i < FLOODERS; i++)
		fds[i] = client(self, "status.sock");
	answers = flood(fds, start_ns + FLOOD_MS * NS_PER_MS);
	asked_ns = clock_boot_ns();
	EXPECT_CONTAINS(ask(polite, STATUS), "{\"ok\":true");
	EXPECT_LT(clock_boot_ns() - asked_ns, 2 * NS_PER_SEC);
	rests = (size_t)((clock_boot_ns() - start_ns) / NS_PER_MS / SERVER_REST_MS);
	harness_note("%zu answers in %zu rests", answers, rests);
	EXPECT_GT(answers, FLOODERS);
	EXPECT_LE(answers, SERVER_BUDGET * (rests + 2));
	for (size_t i = 0; i < FLOODERS; i++)
		close(fds[i]);
	close(polite);
}

TEST_F(control, what_stands_in_a_sockets_place_costs_that_socket_alone)
{
	uint64_t deadline_ns;
	char path[128];
	int fd;

	ASSERT_EQ(hydropond_stop(self->pid), 0);
	snprintf(path, sizeof(path), "%s/run/status.sock", self->dir);
	ASSERT_EQ(mkdir(path, 0755), 0);
	self->pid = hydropond_start(self->dir);
	fd = client(self, "control.sock");
	EXPECT_CONTAINS(ask(fd, STATUS), "{\"ok\":true");
	close(fd);
	rmdir(path);
	deadline_ns = clock_boot_ns() + PROCESS_WAIT_MS * NS_PER_MS;
	while ((fd = socket_connect(self->dir, "status.sock")) < 0) {
		ASSERT_LT(clock_boot_ns(), deadline_ns);
		sleep_ms(50);
	}
	EXPECT_CONTAINS(ask(fd, STATUS), "{\"ok\":true");
	close(fd);
}

TEST_F(control, a_link_in_a_sockets_place_is_replaced)
{
	char path[128];
	struct stat stat_;

	ASSERT_EQ(hydropond_stop(self->pid), 0);
	snprintf(path, sizeof(path), "%s/run/status.sock", self->dir);
	ASSERT_EQ(symlink("nowhere", path), 0);
	self->pid = hydropond_start(self->dir);
	json_object_put(status(self));
	ASSERT_EQ(lstat(path, &stat_), 0);
	EXPECT_TRUE(S_ISSOCK(stat_.st_mode));
}

static bool is_realtime(pid_t pid)
{
	return (sched_getscheduler(pid) & ~SCHED_RESET_ON_FORK) == SCHED_FIFO;
}

TEST_F(control, gives_way_to_the_realtime_threads_of_the_kernel)
{
	struct sched_param param = { .sched_priority = 1 };

	/* hydropond is refused what this process is refused. */
	if (sched_setscheduler(0, SCHED_FIFO, &param))
		SKIP("no realtime priority is allowed here");
	param.sched_priority = 0;
	ASSERT_EQ(sched_setscheduler(0, SCHED_OTHER, &param), 0);
	for (int i = 0; i < 500 && !is_realtime(self->pid); i++)
		usleep(10000);
	ASSERT_TRUE(is_realtime(self->pid));
	ASSERT_EQ(sched_getparam(self->pid, &param), 0);
	EXPECT_EQ(param.sched_priority, 10);
}

TEST_F(control, a_command_that_came_too_late_is_refused)
{
	int fd = client(self, "control.sock");
	char text[160];

	snprintf(text, sizeof(text), "{\"cmd\":\"set\",\"output\":\"pump\",\"on\":true,"
		 "\"until_boot_ns\":%llu}\n", (unsigned long long)clock_boot_ns() - 1);
	EXPECT_CONTAINS(ask(fd, text), "too late");
	EXPECT_CONTAINS(ask(fd, "{\"cmd\":\"release\",\"output\":\"pump\","
			    "\"until_boot_ns\":\"x\"}\n"), "CLOCK_BOOTTIME");
	EXPECT_CONTAINS(ask(fd, STATUS), "\"override\":null");
	snprintf(text, sizeof(text), "{\"cmd\":\"set\",\"output\":\"pump\",\"on\":true,"
		 "\"until_boot_ns\":%llu}\n",
		 (unsigned long long)(clock_boot_ns() + 60 * NS_PER_SEC));
	EXPECT_CONTAINS(ask(fd, text), "\"ok\":true");
	close(fd);
}

TEST_F(control, survives_noise)
{
	static const char letters[] = "{}[]\":,\\u\n cmdset";
	unsigned int seed = 1;

	for (int i = 0; i < 200; i++) {
		int fd = client(self, i % 2 ? "status.sock" : "control.sock");
		char noise[3000];

		for (size_t j = 0; j < sizeof(noise); j++)
			noise[j] = rand_r(&seed) % 5 ? letters[rand_r(&seed) % strlen(letters)] :
						       (char)rand_r(&seed);
		send(fd, noise, sizeof(noise), MSG_NOSIGNAL | MSG_DONTWAIT);
		close(fd);
	}
	json_object_put(status(self));
}

TEST_F(control, a_second_hydropond_gives_way_to_the_first)
{
	struct json_object *object;

	EXPECT_EQ(process_wait(hydropond_launch(self->dir, NULL), PROCESS_WAIT_MS), 1);
	object = status(self);
	EXPECT_EQ(json_object_get_boolean(json_object_object_get(object, "ok")), true);
	json_object_put(object);
}

TEST_F(control, sockets_of_a_dead_hydropond_are_replaced)
{
	kill(self->pid, SIGKILL);
	ASSERT_EQ(process_wait(self->pid, PROCESS_WAIT_MS), 128 + SIGKILL);
	EXPECT_EQ(socket_connect(self->dir, "status.sock"), -1);
	self->pid = hydropond_start(self->dir);
	json_object_put(status(self));
}

TEST_F(control, removes_its_sockets_at_the_end)
{
	char path[128];

	EXPECT_EQ(hydropond_stop(self->pid), 0);
	snprintf(path, sizeof(path), "%s/run/status.sock", self->dir);
	EXPECT_EQ(access(path, F_OK), -1);
	snprintf(path, sizeof(path), "%s/run/control.sock", self->dir);
	EXPECT_EQ(access(path, F_OK), -1);
	self->pid = hydropond_start(self->dir);
}

#define MAIN_STORE "{\"name\":\"main\"}"

/* What the forwarder would say if it had this pid. */
static void report(struct fixture_control *self, pid_t pid, const char *stores)
{
	char run[80], text[256];

	snprintf(run, sizeof(run), "%s/run/forward", self->dir);
	mkdir(run, 0755);
	snprintf(text, sizeof(text), "{\"pid\":%d,\"updated_ms\":1,\"stores\":[%s]}\n", (int)pid,
		 stores);
	file_put(run, "forward.json", text);
}

/* Waits until the status says that the forwarder is running or not. */
static bool becomes_running(struct fixture_control *self, bool running)
{
	for (int i = 0; i < 100; i++) {
		struct json_object *object = status(self);
		bool is = is_running(object);

		json_object_put(object);
		if (is == running)
			return true;
		sleep_ms(100);
	}
	return false;
}

TEST_F(control, shows_what_the_forwarder_says)
{
	struct json_object *object;
	char run[80];

	snprintf(run, sizeof(run), "%s/run/forward", self->dir);
	report(self, getpid(), MAIN_STORE);
	ASSERT_TRUE(becomes_running(self, true));
	object = status(self);
	EXPECT_CONTAINS(json_object_to_json_string_ext(object, 0), "\"stores\":[" MAIN_STORE "]");
	json_object_put(object);

	file_put(run, "forward.json", "{\"pid\":");	/* torn: the last good one stays */
	ASSERT_TRUE(becomes_running(self, false));
	object = status(self);
	EXPECT_CONTAINS(json_object_to_json_string_ext(object, 0), "\"stores\":[" MAIN_STORE "]");
	json_object_put(object);

}

TEST_F(control, a_forwarder_that_died_is_not_running)
{
	char *const arguments[] = { "/bin/sleep", "60", NULL };
	pid_t pid = process_start(arguments, NULL, -1);
	struct json_object *object;

	report(self, pid, "");
	ASSERT_TRUE(becomes_running(self, true));
	kill(pid, SIGKILL);
	process_wait(pid, PROCESS_WAIT_MS);
	sleep_ms(3000);		/* less than it may be silent */
	object = status(self);
	EXPECT_FALSE(is_running(object));
	json_object_put(object);
}

TEST_F_TIMEOUT(control, a_forwarder_that_says_nothing_new_is_not_running, 40)
{
	uint64_t start_ns;

	report(self, getpid(), "");
	ASSERT_TRUE(becomes_running(self, true));
	start_ns = clock_boot_ns();
	sleep_ms(8000);
	EXPECT_TRUE(becomes_running(self, false));
	EXPECT_GT(clock_boot_ns() - start_ns, 8 * NS_PER_SEC);
}

TEST_F(control, nothing_at_the_forwarders_place_can_stall_it)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/run/forward", self->dir);
	ASSERT_EQ(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/run/forward/forward.json", self->dir);
	ASSERT_EQ(mkfifo(path, 0666), 0);
	sleep_ms(1500);
	EXPECT_TRUE(becomes_running(self, false));
	unlink(path);
	report(self, getpid(), "");
	EXPECT_TRUE(becomes_running(self, true));
}

static char *echo(void *data, const char *line, size_t length, bool may_control)
{
	char *answer = NULL;

	return asprintf(&answer, "%.*s\n", (int)length, line) < 0 ? NULL : answer;
}

static int end_loop(sd_event_source *source, uint64_t now_us, void *data)
{
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

static void loop_for_ms(sd_event *event, uint64_t ms)
{
	ASSERT_GE(sd_event_add_time_relative(event, NULL, CLOCK_BOOTTIME, ms * 1000, 1000, end_loop,
					     NULL), 0);
	ASSERT_GE(sd_event_loop(event), 0);
}

TEST(server_closes_who_asks_nothing)
{
	struct server *server;
	sd_event *event;
	char dir[64], run[80], text[16] = "";
	int idle;

	directory_make(dir, sizeof(dir));
	snprintf(run, sizeof(run), "%s/run", dir);
	ASSERT_GE(sd_event_new(&event), 0);
	ASSERT_EQ(server_start(&server, event, run, 100, echo, NULL), 0);
	idle = socket_connect(dir, "status.sock");
	ASSERT_GE(idle, 0);
	say(idle, "hello\n");
	loop_for_ms(event, 2500);
	EXPECT_EQ(recv(idle, text, sizeof(text), MSG_DONTWAIT), 6);
	EXPECT_STREQ(text, "hello\n");
	EXPECT_EQ(recv(idle, text, sizeof(text), MSG_DONTWAIT), 0);
	close(idle);
	server_stop(server);
	sd_event_unref(event);
	directory_remove(dir);
}
