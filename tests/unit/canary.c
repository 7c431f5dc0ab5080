// SPDX-License-Identifier: GPL-2.0-only
/* What a store makes of a point that comes twice, and how it is found out. */
#include "harness.h"

#include <stdlib.h>

#include "support/forward_rig.h"

#include "forward/endpoint.h"

#define SERIES(stamps) "{\"metric\":{\"__name__\":\"hydropon_canary_value\"},\"values\":[1,1]," \
	"\"timestamps\":[" stamps "]}"

TEST(an_answer_tells_how_often_the_point_is_there)
{
	EXPECT_EQ(canary_count("", 7), 0);
	EXPECT_EQ(canary_count(" ", 7), 0);
	EXPECT_EQ(canary_count(SERIES(""), 7), 0);
	EXPECT_EQ(canary_count(SERIES("7"), 7), 1);
	EXPECT_EQ(canary_count(SERIES("7,7,8"), 7), 2);
	/* Those of the days before are others. */
	EXPECT_EQ(canary_count(SERIES("1,2,3"), 7), 0);
	EXPECT_EQ(canary_count("<html>", 7), -1);
	EXPECT_EQ(canary_count("[7]", 7), -1);
	EXPECT_EQ(canary_count("{\"timestamps\":7}", 7), -1);
	EXPECT_EQ(canary_count("{\"timestamps\":[\"x\",null,{}]}", 7), 0);
	/* Longer than is kept of an answer. */
	EXPECT_EQ(canary_count("{\"timestamps\":[7,7,", 7), -1);
}

TEST(the_question_names_one_gateway)
{
	const struct conf_store conf = { .url = "http://127.0.0.1:8428/" };
	char url[ENDPOINT_URL_MAX];

	endpoint_export_url(&conf, "hydropon_canary_value", "a\"b", 1690000000123, url);
	EXPECT_STREQ(url, "http://127.0.0.1:8428/api/v1/export?start=1690000000.123"
		     "&match%5B%5D=hydropon_canary_value%7Bgateway%3D%22a%5C%22b%22%7D");
}

/* What the scripted VictoriaMetrics was given, and what it makes of it. */
static struct {
	long long stamp;
	unsigned int writes, looks, copies;
	bool refuses_to_tell, tells_something_else;
	char line[512], body[256];
} vm;

static struct http_answer take(void *data, const char *lines, size_t n)
{
	const char *canary = strstr(lines, "hydropon_canary,");

	if (canary) {
		snprintf(vm.line, sizeof(vm.line), "%s", canary);
		vm.stamp = atoll(strrchr(vm.line, ' ') + 1);
		vm.writes++;
	}
	return answer_as_told(data, lines, n);
}

static struct http_answer tell(void *data, const char *head)
{
	unsigned int copies = vm.looks++ ? vm.copies : 1;

	if (vm.refuses_to_tell || !strstr(head, "/api/v1/export?start="))
		return (struct http_answer){ .status = 401 };
	if (vm.tells_something_else)
		return (struct http_answer){ .status = 200, .body = "<html>sign in</html>" };
	/* The second write shows later than the first. */
	snprintf(vm.body, sizeof(vm.body), copies == 2 ? SERIES("%lld,%lld") : SERIES("%lld"),
		 vm.stamp, vm.stamp);
	return (struct http_answer){ .status = 200, .body = vm.body };
}

static void start_vm(struct fixture_forward *self, unsigned int copies)
{
	memset(&vm, 0, sizeof(vm));
	vm.copies = copies;
	self->rig.conf.stores[0].kind = STORE_VICTORIAMETRICS;
	snprintf(self->rig.conf.stores[0].url, CONF_URL_MAX, "http://127.0.0.1:%u",
		 self->server->port);
	script(self, take);
	LOCKED(self, self->server->ask = tell);
	ASSERT_EQ(rig_append(&self->rig, 5), 0);
	start(self);
}

static void turn_for(struct fixture_forward *self, uint64_t ms)
{
	uint64_t until_ns = self->now_ns + ms * NS_PER_MS;

	/* A request of the canary ends in its own time. */
	while (self->now_ns < until_ns) {
		turn(self);
		forward_wait(self->forward, -1, 1);
	}
}

static void turn_until_looked(struct fixture_forward *self, unsigned int looks)
{
	unsigned int seen = 0;

	for (int i = 0; i < TURNS_MAX && seen < looks; i++) {
		turn_for(self, 200);
		LOCKED(self, seen = vm.looks);
	}
	for (int i = 0; i < 100 && report(self).repeated == REPEATED_UNKNOWN; i++)
		turn_for(self, 10);
}

TEST_F(forward, finds_a_store_that_has_a_repeated_point_once)
{
	start_vm(self, 1);
	EXPECT_EQ(report(self).repeated, REPEATED_UNKNOWN);
	turn_until_looked(self, 2);
	EXPECT_EQ(report(self).repeated, REPEATED_ONCE);
	EXPECT_EQ(vm.writes, 2);
	EXPECT_EQ(strncmp(vm.line, "hydropon_canary,clk=0,gateway=greenhouse,site=home value=1i ", 60), 0);
	EXPECT_EQ(report(self).cursor.delivered, 5);
	/* The next day. */
	self->now_ns += 24 * 3600 * NS_PER_SEC;
	turn_until_looked(self, 4);
	EXPECT_EQ(vm.writes, 4);
}

TEST_F(forward, finds_a_store_that_has_a_repeated_point_twice)
{
	start_vm(self, 2);
	/* One, then two, and two again. */
	turn_until_looked(self, 3);
	EXPECT_EQ(report(self).repeated, REPEATED_TWICE);
	EXPECT_EQ(report(self).state, STORE_OK);
}

TEST_F(forward, does_not_know_a_store_that_does_not_tell)
{
	start_vm(self, 1);
	LOCKED(self, vm.refuses_to_tell = true);
	turn_until_looked(self, 1);
	turn_for(self, 60000);
	EXPECT_EQ(report(self).repeated, REPEATED_UNKNOWN);
	EXPECT_EQ(vm.looks, 1);
	EXPECT_EQ(report(self).state, STORE_OK);
}

TEST_F(forward, does_not_insist_where_something_else_answers)
{
	start_vm(self, 1);
	LOCKED(self, vm.tells_something_else = true);
	turn_until_looked(self, 1);
	turn_for(self, 60000);
	EXPECT_EQ(report(self).repeated, REPEATED_UNKNOWN);
	EXPECT_EQ(vm.looks, 1);
}

TEST_F(forward, asks_nothing_of_a_store_that_is_known)
{
	self->rig.conf.stores[0].kind = STORE_INFLUXDB_1;
	deliver_one(self);
	EXPECT_EQ(report(self).repeated, REPEATED_ONCE);
	turn_for(self, 60000);
	EXPECT_EQ(http_requests(self->server), 1);
	self->rig.conf.stores[0].kind = STORE_LINE_PROTOCOL;
	restart(self);
	EXPECT_EQ(report(self).repeated, REPEATED_UNKNOWN);
}
