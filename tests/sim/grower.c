// SPDX-License-Identifier: GPL-2.0-only
#include "grower.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pace.h"

#define COMMAND_TIMEOUT_NS (3 * PACE_NS_PER_S)
/* After a failure, such as a daemon that is just being restarted. */
#define RETRY_NS PACE_NS_PER_S

#define PH_HIGH 6.2
#define EC_LOW_US_CM 1500
#define LEVEL_LOW_CM 25
#define LIGHTS_ON_S 60
#define LIGHTS_CYCLE_S 80
#define LIGHTS_EVERY_S 10	/* told again, for a daemon that has forgotten it */

static const struct {
	const char *output;
	unsigned int every_s;
} tasks[GROWER_TASKS] = {
	[GROWER_PH_DOWN] = { "ph-down", 20 },
	[GROWER_NUTRIENT] = { "nutrient", 20 },
	[GROWER_FILL] = { "fill", 20 },
	[GROWER_LIGHTS] = { "lights", LIGHTS_EVERY_S },
};

void grower_init(struct grower *grower, uint64_t now_ns)
{
	const char *hydroponctl = getenv("HYDROPONCTL");

	*grower = (struct grower){
		.hydroponctl = hydroponctl ? hydroponctl : "hydroponctl",
		.start_ns = now_ns,
	};
}

/* For how many seconds the output is wanted on from now; 0 for not. */
static unsigned int wanted_s(const struct grower *grower, enum grower_task task,
			     const struct model_readings *readings, uint64_t now_ns)
{
	unsigned int second = (unsigned int)((now_ns - grower->start_ns) / PACE_NS_PER_S %
					     LIGHTS_CYCLE_S);

	switch (task) {
	case GROWER_PH_DOWN:
		return readings->ph > PH_HIGH ? 2 : 0;
	case GROWER_NUTRIENT:
		return readings->ec25_us_cm < EC_LOW_US_CM ? 2 : 0;
	case GROWER_FILL:
		return readings->level_cm < LEVEL_LOW_CM ? 5 : 0;
	case GROWER_LIGHTS:
		return second < LIGHTS_ON_S ? LIGHTS_ON_S - second : 0;
	case GROWER_TASKS:
		break;
	}
	return 0;
}

static void command_exec(const char *hydroponctl, const char *output, unsigned int seconds)
{
	char time[16];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	snprintf(time, sizeof(time), "%us", seconds);
	execlp(hydroponctl, hydroponctl, "set", output, "on", "--for", time, (char *)NULL);
	fprintf(stderr, "tank: %s: %s; set HYDROPONCTL or PATH\n", hydroponctl, strerror(errno));
	_exit(127);
}

static void command_start(struct grower *grower, enum grower_task task, unsigned int seconds,
			  uint64_t now_ns)
{
	struct grower_command *command = &grower->commands[task];
	pid_t pid = fork();

	command->asked++;
	command->not_before_ns = now_ns + tasks[task].every_s * PACE_NS_PER_S;
	if (pid < 0) {
		fprintf(stderr, "tank: fork: %s\n", strerror(errno));
		command->failed++;
		return;
	}
	if (!pid)
		command_exec(grower->hydroponctl, tasks[task].output, seconds);
	command->pid = pid;
	command->kill_ns = now_ns + COMMAND_TIMEOUT_NS;
	if (task != GROWER_LIGHTS || seconds == LIGHTS_ON_S)
		printf("tank: %.1f s: %s on for %u s\n",
		       (double)(now_ns - grower->start_ns) / 1e9, tasks[task].output, seconds);
}

static void command_check(struct grower *grower, enum grower_task task, uint64_t now_ns)
{
	struct grower_command *command = &grower->commands[task];
	int status;
	pid_t pid = waitpid(command->pid, &status, WNOHANG);

	if (!pid) {
		if (now_ns >= command->kill_ns)
			kill(command->pid, SIGKILL);
		return;
	}
	command->pid = 0;
	if (pid > 0 && WIFEXITED(status) && !WEXITSTATUS(status))
		return;
	command->failed++;
	command->not_before_ns = now_ns + RETRY_NS;
	printf("tank: %.1f s: %s on: refused or not answered\n",
	       (double)(now_ns - grower->start_ns) / 1e9, tasks[task].output);
}

void grower_turn(struct grower *grower, const struct model_readings *readings, uint64_t now_ns)
{
	for (enum grower_task task = 0; task < GROWER_TASKS; task++) {
		struct grower_command *command = &grower->commands[task];
		unsigned int seconds = wanted_s(grower, task, readings, now_ns);

		if (command->pid)
			command_check(grower, task, now_ns);
		if (!command->pid && seconds && now_ns >= command->not_before_ns)
			command_start(grower, task, seconds, now_ns);
	}
	fflush(stdout);
}

void grower_end(struct grower *grower)
{
	for (enum grower_task task = 0; task < GROWER_TASKS; task++) {
		struct grower_command *command = &grower->commands[task];

		if (command->pid) {
			kill(command->pid, SIGKILL);
			waitpid(command->pid, NULL, 0);
			command->pid = 0;
		}
		printf("tank: %s: asked %u times, failed %u times\n", tasks[task].output,
		       command->asked, command->failed);
	}
}
