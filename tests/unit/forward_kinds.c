// SPDX-License-Identifier: GPL-2.0-only
/* What each kind of store is asked, and by whom; secrets. */
#include "support/forward_rig.h"

#include "forward/secret.h"

static const struct {
	const char *url, *said, *shown;
} secrets[] = {
	{ "http://h/write?db=tank&p=s3cret", "no path /write?db=tank&p=s3cret&precision=ms",
	  "no path /write?***&precision=ms" },
	{ "http://h/write?db=tank&p=s3cret", "S3CRET, tank", "***, ***" },
	{ "http://u1:pa5s@h/write", "u1 pa5s u1:pa5s Basic dTE6cGE1cw==", "*** *** *** Basic ***==" },
	{ "http://u1:p%61@5s@h/write", "p@5s", "" },
	{ "http://u1:%70a5s@h/write", "pa5s %70a5s", "*** ***" },
	{ "http://h/write?p=a%26b", "a&amp;b", "" },
	{ "http://h/write", "unsupported path", "unsupported path" },
};

/* What each kind of store is asked, and by whom. */
static const struct {
	struct conf_store conf;		/* the url is the server's */
	const char *secret;		/* what is in the file */
	const char *request, *authorization;
} kinds[] = {
	{ { .kind = STORE_INFLUXDB_1, .database = "north farm", .retention_policy = "a&b" }, NULL,
	  "POST /write?db=north%20farm&rp=a%26b&precision=ms ", NULL },
	{ { .kind = STORE_INFLUXDB_1, .database = "d", .user = "me", .password_file = "FILE" },
	  "p:w\n", "POST /write?db=d&precision=ms ", "\r\nAuthorization: Basic bWU6cDp3\r\n" },
	{ { .kind = STORE_INFLUXDB_2, .org = "o", .bucket = "b", .token_file = "FILE" },
	  " abc==\n", "POST /api/v2/write?org=o&bucket=b&precision=ms ",
	  "\r\nAuthorization: Token abc==\r\n" },
	{ { .kind = STORE_INFLUXDB_3, .database = "d", .token_file = "FILE" }, "abc",
	  "POST /api/v3/write_lp?db=d&precision=millisecond&no_sync=false ",
	  "\r\nAuthorization: Bearer abc\r\n" },
	{ { .kind = STORE_VICTORIAMETRICS }, NULL, "POST /write?precision=ms ", NULL },
};

static void write_secret(struct fixture_forward *self, const char *text, mode_t mode)
{
	struct conf_store *conf = &self->rig.conf.stores[0];
	char path[SCRATCH_PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/secret", self->rig.dir);
	scratch_write(path, text, strlen(text));
	ASSERT_EQ(chmod(path, mode), 0);
	snprintf(*conf->user ? conf->password_file : conf->token_file, CONF_PATH_MAX, "%s", path);
}

TEST_F(forward, asks_each_kind_of_store_in_its_way)
{
	struct conf_store *conf = &self->rig.conf.stores[0];

	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		*conf = kinds[i].conf;
		conf->batch_lines = 5000;
		conf->timeout_ms = 2000;
		conf->begins_at_oldest = true;
		snprintf(conf->name, sizeof(conf->name), "store-%zu", i);
		/* A slash at the end, or none. */
		snprintf(conf->url, CONF_URL_MAX, "http://127.0.0.1:%u%s", self->server->port,
			 i % 2 ? "/" : "");
		if (kinds[i].secret)
			write_secret(self, kinds[i].secret, 0600);
		harness_note("%s", conf_store_kind_name(conf->kind));
		start(self);
		turn_until_idle(self);
		EXPECT_EQ(report(self).cursor.delivered, 3);
		EXPECT_TRUE(was_asked(self, kinds[i].request));
		EXPECT_EQ(was_asked(self, "\r\nAuthorization:"), kinds[i].authorization != NULL);
		if (kinds[i].authorization)
			EXPECT_TRUE(was_asked(self, kinds[i].authorization));
		forward_free(self->forward);
		self->forward = NULL;
	}
}

TEST_F(forward, takes_a_secret_that_was_changed_without_a_restart)
{
	struct conf_store *conf = &self->rig.conf.stores[0];

	snprintf(conf->url, CONF_URL_MAX, "http://127.0.0.1:%u/write", self->server->port);
	write_secret(self, "old", 0600);
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	start(self);
	LOCKED(self, self->status = 401);
	turn_requests(self, 1);
	EXPECT_TRUE(was_asked(self, "\r\nAuthorization: Bearer old\r\n"));
	EXPECT_CONTAINS(report(self).error, "check the token");
	write_secret(self, "new", 0600);
	LOCKED(self, self->status = 204);
	turn_until_idle(self);
	EXPECT_TRUE(was_asked(self, "\r\nAuthorization: Bearer new\r\n"));
	EXPECT_EQ(report(self).cursor.delivered, 3);
}

/* Files that are no secret, and what is said of them; all is kept meanwhile. */
static const struct {
	const char *text;
	mode_t mode;
	const char *sentence;
} no_secrets[] = {
	{ "token", 0644, "may be read by others; chmod 600" },
	{ "token", 0640, "may be read by others; chmod 600" },
	{ " \n", 0600, "is empty" },
	{ "two\nlines", 0600, "more than one line" },
	{ "t\303\266ken", 0600, "characters that no token has" },
};

TEST_F(forward, sends_nothing_without_its_secret)
{
	struct conf_store *conf = &self->rig.conf.stores[0];
	char path[SCRATCH_PATH_MAX + 16];

	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	snprintf(conf->token_file, sizeof(conf->token_file), "%s/secret", self->rig.dir);
	start(self);
	for (int i = 0; i < 3; i++)
		turn(self);
	EXPECT_CONTAINS(report(self).error, "cannot be read: No such file");
	for (size_t i = 0; i < sizeof(no_secrets) / sizeof(*no_secrets); i++) {
		write_secret(self, no_secrets[i].text, no_secrets[i].mode);
		for (int j = 0; j < 3; j++)
			turn(self);
		EXPECT_CONTAINS(report(self).error, no_secrets[i].sentence);
		EXPECT_EQ(report(self).state, STORE_BACKOFF);
	}
	EXPECT_EQ(http_requests(self->server), 0);
	EXPECT_EQ(queued(self), 3);
	/* A systemd credential: its folder is private. */
	snprintf(path, sizeof(path), "%s/secret", self->rig.dir);
	scratch_write(path, "token", 5);
	ASSERT_EQ(chmod(path, 0440), 0);
	snprintf(conf->token_file, sizeof(conf->token_file), "secret");
	unsetenv("CREDENTIALS_DIRECTORY");
	for (int j = 0; j < 3; j++)
		turn(self);
	EXPECT_CONTAINS(report(self).error, "LoadCredential=");
	setenv("CREDENTIALS_DIRECTORY", self->rig.dir, 1);
	turn_until_idle(self);
	unsetenv("CREDENTIALS_DIRECTORY");
	EXPECT_EQ(report(self).cursor.delivered, 3);
}

TEST_F(forward, tells_no_token_that_a_store_echoes)
{
	struct conf_store *conf = &self->rig.conf.stores[0];

	snprintf(conf->url, CONF_URL_MAX, "http://127.0.0.1:%u/write", self->server->port);
	write_secret(self, "s3cret-tok3n==", 0600);
	LOCKED(self, self->status = 403);
	LOCKED(self, self->body = "the token s3cret-tok3n== may not write, Token s3cret-to");
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	start(self);
	turn_requests(self, 1);
	EXPECT_CONTAINS(report(self).error, "the token *** may not write");
	EXPECT_TRUE(strstr(report(self).error, "s3cret-tok3n") == NULL);
}

TEST(hides_what_a_url_holds_in_confidence)
{
	char text[200], cut[8] = "x: s3cr";

	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++) {
		snprintf(text, sizeof(text), "%s", secrets[i].said);
		secret_hide(secrets[i].url, text, sizeof(text));
		EXPECT_STREQ(text, secrets[i].shown);
	}
	secret_hide("http://h/write?p=s3cret", cut, sizeof(cut));
	EXPECT_STREQ(cut, "x: ***");
	secret_public_url("http://u:p@s3@h/write?p=1", text, sizeof(text));
	EXPECT_STREQ(text, "http://h/write");
}
