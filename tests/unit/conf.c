// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/conf_file.h"

#define GATEWAY "[gateway]\nname = a\nsite = b\n"	/* three lines */
#define WATER "[channel w]\nquantity = temperature\nzero = 500 mV\nscale = 10 mV/C\n"
#define BOUNDED_WATER WATER "min = 5\nmax = 45 C\n"
#define RTU "[bus b]\nkind = modbus-rtu\ndevice = /dev/ttyS1\n"	/* three lines */
#define SLAVE "[slave s]\nbus = b\naddress = 1\n"	/* three lines */
#define I2C "[bus i]\nkind = ezo\ndevice = /dev/i2c-1\n"	/* three lines */
#define BOARD "[ezo e]\nbus = i\nkind = ph\n"	/* three lines */
#define WET(keys) "[channel w]\nquantity = temperature\nslave = s\n" keys
#define PH(buffers) "[channel p]\nquantity = ph\ncompensate = no\n" buffers

/* A directory of its own, so that messages begin with "t.conf". */
FIXTURE(conf)
{
	char dir[64], before[256];
	char *errors;
	size_t errors_size;
	struct conf *conf;
};

FIXTURE_SETUP(conf)
{
	strcpy(self->dir, "/tmp/hydropon-conf-XXXXXX");
	ASSERT_TRUE(getcwd(self->before, sizeof(self->before)) != NULL);
	ASSERT_TRUE(mkdtemp(self->dir) != NULL);
	ASSERT_EQ(chdir(self->dir), 0);
}

FIXTURE_TEARDOWN(conf)
{
	char command[128];

	free(self->errors);
	conf_free(self->conf);
	snprintf(command, sizeof(command), "rm -rf %s", self->dir);
	EXPECT_EQ(system(command), 0);
}

static void write_bytes(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "w");

	ASSERT_TRUE(file != NULL);
	ASSERT_EQ(fwrite(bytes, 1, size, file), size);
	ASSERT_EQ(fclose(file), 0);
}

static void write_text(const char *path, const char *text)
{
	write_bytes(path, text, strlen(text));
}

static void load(struct fixture_conf *self, const char *path)
{
	FILE *errors;

	free(self->errors);
	conf_free(self->conf);
	errors = open_memstream(&self->errors, &self->errors_size);
	ASSERT_TRUE(errors != NULL);
	self->conf = conf_load(path, errors);
	fclose(errors);
}

static void load_text(struct fixture_conf *self, const char *text)
{
	write_text("t.conf", text);
	load(self, "t.conf");
}

/* Everything that can be wrong, and the whole of what is then said. */
static const struct {
	const char *text, *errors;
} mistakes[] = {
	/* lines */
	{ GATEWAY "nonsense\n",
	  "t.conf:4: neither [SECTION] nor KEY = VALUE; correct it or put # in front of it\n" },
	{ GATEWAY "nonsense",
	  "t.conf:4: neither [SECTION] nor KEY = VALUE; correct it or put # in front of it\n" },
	{ "name = a\n" GATEWAY,
	  "t.conf:1: a key before the first [SECTION]; put it into one\n" },
	{ GATEWAY "= 3\n", "t.conf:4: there is no key before the \"=\"; write KEY = VALUE\n" },
	{ GATEWAY "device =\n",
	  "t.conf:4: [gateway] device: there is no value; give one or remove the line\n" },
	{ GATEWAY "device = # none\n",
	  "t.conf:4: [gateway] device: there is no value; give one or remove the line\n" },
	{ GATEWAY "[spool\nmax-bytes = 1\n",
	  "t.conf:4: the \"[\" is not closed; write [SECTION] or [SECTION NAME]\n" },
	{ GATEWAY "[spool #]\n",
	  "t.conf:4: the \"[\" is not closed; write [SECTION] or [SECTION NAME]\n" },
	{ GATEWAY "[spool] max-bytes = 1 MiB\n",
	  "t.conf:4: there is text after the \"]\"; put it on a line of its own\n" },
	{ GATEWAY "[channel a234567890123456789012345678901234567890]\n",
	  "t.conf:4: the section's name is too long; a name has at most 31 characters\n" },
	{ GATEWAY "# one\n\n \t; two\nbad\n",
	  "t.conf:7: neither [SECTION] nor KEY = VALUE; correct it or put # in front of it\n" },

	/* judgement */
	{ GATEWAY WATER "twin = w\n",
	  "t.conf:8: [channel w] twin: a channel is no twin of itself; name another one in the "
	  "same water\n" },
	{ GATEWAY WATER "twin = l\n[channel l]\nquantity = light\n",
	  "t.conf:8: [channel w] twin: channel \"l\" measures light; name one that measures "
	  "temperature too\n" },
	{ GATEWAY WATER "twin = x\n",
	  "t.conf:8: [channel w] twin: there is no channel \"x\"; the channels are w\n" },
	{ GATEWAY WATER "twin = ,\n",
	  "t.conf:8: [channel w] twin: there is no name in it; name one or remove the line\n" },
	{ GATEWAY WATER "max-step = fast\n",
	  "t.conf:8: [channel w] max-step: \"fast\" is not a number; write one in C\n" },
	{ GATEWAY WATER "probe-since = 3.4.2026\n",
	  "t.conf:8: [channel w] probe-since: \"3.4.2026\" is not a day; write it as in "
	  "2026-03-31\n" },
	{ GATEWAY "[channel l]\nquantity = light\nlit-by = x\n",
	  "t.conf:6: [channel l] lit-by: there is no output \"x\"; add a section [output x]\n" },
	{ GATEWAY "[channel l]\nquantity = light\nlit-by = x\n[output o]\nwant = on\n",
	  "t.conf:6: [channel l] lit-by: there is no output \"x\"; the outputs are o\n" },

	/* sections */
	{ GATEWAY "[chanel w]\n",
	  "t.conf:4: [chanel]: there is no such section; did you mean \"channel\"?\n" },
	{ GATEWAY "[mqtt]\nhost = x\n",
	  "t.conf:4: [mqtt]: there is no such section; there are gateway, bus NAME, slave NAME, "
	  "ezo NAME, "
	  "channel NAME, output NAME, spool and store NAME\n" },
	{ GATEWAY "[spool main]\n",
	  "t.conf:4: [spool main]: this section takes no name; write [spool]\n" },
	{ GATEWAY "[channel]\n",
	  "t.conf:4: [channel]: has no name; give it one of a-z, 0-9 and -\n" },
	{ GATEWAY "[channel pH]\n",
	  "t.conf:4: [channel pH]: \"pH\" is not a name; use a-z, 0-9 and -, and begin with a "
	  "letter or digit\n" },
	{ GATEWAY "[output -x]\n",
	  "t.conf:4: [output -x]: \"-x\" is not a name; use a-z, 0-9 and -, and begin with a "
	  "letter or digit\n" },
	{ GATEWAY "[store a1234567890123456789012345678901]\n",
	  "t.conf:4: [store a1234567890123456789012345678901]: "
	  "\"a1234567890123456789012345678901\" is too long a name; use at most 31 characters\n" },
	{ GATEWAY "[spool]\n" GATEWAY,
	  "t.conf:5: [gateway]: this section is in this file twice, first in line 1; make it one\n"
	  "t.conf:6: [gateway] name: given twice in this file, first in line 2; remove one\n"
	  "t.conf:7: [gateway] site: given twice in this file, first in line 3; remove one\n" },
	{ "[spool]\n",
	  "t.conf: the section [gateway] is missing; add it with name and site\n" },
	{ "",
	  "t.conf: the section [gateway] is missing; add it with name and site\n" },

	/* keys */
	{ GATEWAY "name = c\n",
	  "t.conf:4: [gateway] name: given twice in this file, first in line 2; remove one\n" },
	{ GATEWAY "devise = /dev/hydropon0\n",
	  "t.conf:4: [gateway] devise: there is no such key; did you mean \"device\"?\n" },
	{ GATEWAY "colour = red\n",
	  "t.conf:4: [gateway] colour: there is no such key; this section has name, site, device, "
	  "run-dir, state-dir\n" },
	{ "[gateway]\nname = a\n",
	  "t.conf:1: [gateway]: site is missing; add \"site = home\"\n" },
	{ "[gateway]\nname = A\nsite = b\n",
	  "t.conf:2: [gateway] name: \"A\" is not a name; use a-z, 0-9 and -, and begin with a "
	  "letter or digit\n" },
	{ GATEWAY "device = hydropon0\n",
	  "t.conf:4: [gateway] device: \"hydropon0\" is not an absolute path; begin it with /\n" },
	{ GATEWAY "run-dir = "
	  "/1234567890123456789012345678901234567890123456789012345678901234567890"
	  "123456789012345678901234\n",
	  "t.conf:4: [gateway] run-dir: the path is too long; use at most 94 characters\n" },

	/* numbers and units */
	{ GATEWAY WATER "stale-for = abc\n",
	  "t.conf:8: [channel w] stale-for: \"abc\" is not a number; write one in ms, s, min or "
	  "h\n" },
	{ GATEWAY WATER "stale-for = nan s\n",
	  "t.conf:8: [channel w] stale-for: \"nan s\" is not a number; write one in ms, s, min or "
	  "h\n" },
	{ GATEWAY WATER "max = -inf\n",
	  "t.conf:8: [channel w] max: \"-inf\" is not a number; write one in C\n" },
	{ GATEWAY WATER "max = 0x10\n",
	  "t.conf:8: [channel w] max: \"0x10\" is not a number; write one in C\n" },
	{ GATEWAY WATER "max = 1e999\n",
	  "t.conf:8: [channel w] max: \"1e999\" is not a number; write one in C\n" },
	{ GATEWAY WATER "max = 25,5\n",
	  "t.conf:8: [channel w] max: \"25,5\" has a comma; write the number with a decimal "
	  "point\n" },
	{ GATEWAY WATER "stale-for = 3\n",
	  "t.conf:8: [channel w] stale-for: \"3\" has no unit; write it in ms, s, min or h\n" },
	{ GATEWAY WATER "stale-for = 3 sec\n",
	  "t.conf:8: [channel w] stale-for: \"3 sec\" is not in a unit that fits; write it in ms, "
	  "s, min or h\n" },
	{ GATEWAY WATER "stale-for = 3 s 5\n",
	  "t.conf:8: [channel w] stale-for: \"3 s 5\" is not in a unit that fits; write it in ms, "
	  "s, min or h\n" },
	{ GATEWAY WATER "stale-for = 100 ms\n",
	  "t.conf:8: [channel w] stale-for: \"100 ms\" is out of range; write 200 ms to 1 h\n" },
	{ GATEWAY WATER "stale-for = -3 s\n",
	  "t.conf:8: [channel w] stale-for: \"-3 s\" is out of range; write 200 ms to 1 h\n" },
	{ GATEWAY WATER "stale-for = 300.5 ms\n",
	  "t.conf:8: [channel w] stale-for: \"300.5 ms\" is not a whole number of ms; round it\n" },
	{ GATEWAY WATER "decimals = 2.5\n",
	  "t.conf:8: [channel w] decimals: \"2.5\" is not a whole number; round it\n" },
	{ GATEWAY WATER "decimals = 2 x\n",
	  "t.conf:8: [channel w] decimals: \"2 x\" is more than a number; remove \"x\"\n" },
	{ GATEWAY WATER "decimals = two\n",
	  "t.conf:8: [channel w] decimals: \"two\" is not a number; write one\n" },
	{ GATEWAY "[spool]\nmax-bytes = 1 kB\n",
	  "t.conf:5: [spool] max-bytes: \"1 kB\" is not in a unit that fits; write it in B, KiB, "
	  "MiB or GiB\n" },
	{ GATEWAY "[spool]\nmax-bytes = 1 KiB\n",
	  "t.conf:5: [spool] max-bytes: \"1 KiB\" is out of range; write 4 MiB to 256 GiB\n" },

	/* channels */
	{ GATEWAY "[channel w]\nzero = 1 mV\n",
	  "t.conf:4: [channel w]: quantity is missing; add \"quantity = ...\" with one of ph, ec, "
	  "temperature, light, flow, level, voltage, humidity, ppfd\n" },
	{ GATEWAY "[channel w]\nquantity = temprature\n",
	  "t.conf:5: [channel w] quantity: there is no quantity \"temprature\"; did you mean "
	  "\"temperature\"?\n" },
	{ GATEWAY "[channel w]\nquantity = orp\n",
	  "t.conf:5: [channel w] quantity: there is no quantity \"orp\"; write one of ph, ec, "
	  "temperature, light, flow, level, voltage, humidity, ppfd\n" },
	{ GATEWAY "[channel w]\nquantity = temperature\n",
	  "t.conf:4: [channel w]: zero is missing; add \"zero = 500 mV\"\n"
	  "t.conf:4: [channel w]: scale is missing; add \"scale = 10 mV/C\"\n" },
	{ GATEWAY "[channel l]\nquantity = level\nzero = 0\n",
	  "t.conf:4: [channel l]: scale is missing; add \"scale = 40 mV/cm\"\n" },
	{ GATEWAY "[channel l]\nquantity = level\nzero = 0\nscale = 0\n",
	  "t.conf:7: [channel l] scale: the scale cannot be 0; write how much the voltage changes "
	  "for each cm\n" },
	{ GATEWAY "[channel l]\nquantity = level\nzero = 0\nscale = 10 mV/C\n",
	  "t.conf:7: [channel l] scale: \"10 mV/C\" is not in a unit that fits; write it in "
	  "mV/cm\n" },
	{ GATEWAY "[channel f]\nquantity = flow\n",
	  "t.conf:4: [channel f]: pulses-per-litre is missing; add \"pulses-per-litre = 450\"\n" },
	{ GATEWAY WATER "pulses-per-litre = 450\n",
	  "t.conf:8: [channel w] pulses-per-litre: this key is for quantity flow, not for "
	  "temperature; remove it\n" },
	{ GATEWAY "[channel v]\nquantity = voltage\nscale = 1\n",
	  "t.conf:6: [channel v] scale: this key is for quantity temperature, level, humidity, "
	  "ppfd, not for voltage; remove it\n" },
	{ GATEWAY "[channel h]\nquantity = humidity\nzero = 0\nscale = 10 mV/C\n",
	  "t.conf:7: [channel h] scale: \"10 mV/C\" is not in a unit that fits; write it in mV/%\n" },
	{ GATEWAY "[channel l]\nquantity = ppfd\nzero = 0\n",
	  "t.conf:4: [channel l]: scale is missing; add \"scale = 0.2 mV/umol/m2/s\"\n" },
	/* derived channels */
	{ GATEWAY "[channel t]\nquantity = tds\n",
	  "t.conf:5: [channel t] quantity: tds is not measured but derived; write \"derive = tds\" in "
	  "place of it\n" },
	{ GATEWAY "[channel t]\nderive = litres\n",
	  "t.conf:5: [channel t] derive: \"litres\" cannot be derived; write one of ppfd, tds, dli, "
	  "volume, vpd, dose, on-time\n" },
	{ GATEWAY "[channel t]\nderive = pfd\n",
	  "t.conf:5: [channel t] derive: \"pfd\" cannot be derived; did you mean \"ppfd\"?\n" },
	{ GATEWAY "[channel t]\nderive = tds\nquantity = ec\n",
	  "t.conf:6: [channel t] quantity: it is derived, which says its quantity; remove this line, "
	  "or derive\n" },
	{ GATEWAY "[channel t]\nderive = tds\n",
	  "t.conf:4: [channel t]: from is missing; add \"from = ec-a\"\n"
	  "t.conf:4: [channel t]: factor is missing; add \"factor = 0.5\"\n" },
	{ GATEWAY "[channel t]\nderive = tds\nfrom = e\nfactor = 0.5\n" WATER,
	  "t.conf:6: [channel t] from: there is no channel \"e\"; the channels are t, w\n" },
	{ GATEWAY "[channel t]\nderive = tds\nfrom = w\nfactor = 2\n" WATER,
	  "t.conf:6: [channel t] from: channel \"w\" is of quantity temperature, and tds is derived "
	  "from ec; name one of that\n"
	  "t.conf:7: [channel t] factor: \"2\" is out of range; write 0.3 to 1\n" },
	/* No way leads back to itself. */
	{ GATEWAY "[channel t]\nderive = tds\nfrom = t\nfactor = 0.5\n",
	  "t.conf:6: [channel t] from: channel \"t\" is of quantity tds, and tds is derived from ec; "
	  "name one of that\n" },
	{ GATEWAY "[channel p]\nderive = ppfd\nfrom = d\nfactor = 0.0185\n[channel d]\n"
	  "derive = dli\nfrom = p\n",
	  "t.conf:6: [channel p] from: channel \"d\" is of quantity dli, and ppfd is derived from "
	  "light; name one of that\n" },
	{ GATEWAY "[channel v]\nderive = vpd\nfrom = w\n" WATER,
	  "t.conf:4: [channel v]: humidity is missing; add \"humidity = humidity-a\"\n" },
	{ GATEWAY "[channel d]\nderive = dose\noutput = dose-b\nml-per-s = 1\n",
	  "t.conf:6: [channel d] output: there is no output \"dose-b\"; add a section [output "
	  "dose-b]\n"
	  "t.conf:7: [channel d] ml-per-s: \"1\" has no unit; write it in ml/s\n" },
	{ GATEWAY "[channel d]\nderive = on-time\noutput = dose-b\n[output dose-a]\nwant = off\n",
	  "t.conf:6: [channel d] output: there is no output \"dose-b\"; did you mean "
	  "\"dose-a\"?\n" },
	{ GATEWAY "[channel d]\nderive = on-time\noutput = o\nstale-for = 3 s\nfactor = 1\n"
	  "[output o]\nwant = off\n",
	  "t.conf:7: [channel d] stale-for: there is no such key; this section has derive, min, max, "
	  "decimals, output, may-miss\n"
	  "t.conf:8: [channel d] factor: this key is for quantity ppfd, tds, not for on-time; remove "
	  "it\n" },
	/* An output relies on all that is behind what it needs. */
	{ GATEWAY "[channel l]\nquantity = light\n[channel d]\nderive = dli\nfrom = p\nmin = 0\n"
	  "max = 80\n[channel p]\nderive = ppfd\nfrom = l\nfactor = 0.0185\nmin = 0\n"
	  "[output o]\nwant = off\nneeds = d\n",
	  "t.conf:4: [channel l]: channel \"p\" relies on it, but min is missing; add \"min = 1 lx\", "
	  "or what no working sensor can pass in your tank\n"
	  "t.conf:4: [channel l]: channel \"p\" relies on it, but max is missing; add \"max = 100000 "
	  "lx\", or what no working sensor can pass in your tank\n"
	  "t.conf:11: [channel p]: channel \"d\" relies on it, but max is missing; add \"max = 2500 "
	  "umol/m2/s\", or what no working sensor can pass in your tank\n" },
	{ GATEWAY WATER "min = 30\nmax = 20 C\n",
	  "t.conf:9: [channel w] max: min is 30 and max is 20 C; make min the smaller one\n" },
	{ GATEWAY WATER "min = 60\n",
	  "t.conf:8: [channel w] min: min is 60 and max is 60 C; make min the smaller one\n" },
	{ GATEWAY WATER "min = 4 mS/cm\n",
	  "t.conf:8: [channel w] min: \"4 mS/cm\" is not in a unit that fits; write it in C\n" },
	{ GATEWAY BOUNDED_WATER "[channel e]\nquantity = ec\ncell-constant = 1\nus-per-mv = 2\n"
	  "temperature = w\nmax = 4\n",
	  "t.conf:15: [channel e] max: \"4\" has no unit; write it in uS/cm or mS/cm\n" },
	{ GATEWAY BOUNDED_WATER "[channel e]\nquantity = ec\ncell-constant = 1\nus-per-mv = 2\n"
	  "temperature = w\nmax = 4000 mS/cm\n",
	  "t.conf:15: [channel e] max: \"4000 mS/cm\" is out of range; write 0 uS/cm to "
	  "500 mS/cm\n" },
	{ GATEWAY BOUNDED_WATER "[channel e]\nquantity = ec\ncell-constant = 1\nus-per-mv = 2\n"
	  "temperature = w\nalpha = 2 /C\n",
	  "t.conf:15: [channel e] alpha: \"2 /C\" is out of range; write 0 %/C to 10 %/C\n" },

	/* buffers */
	{ GATEWAY PH("buffer-1 = 4.01\nbuffer-2 = 7 at 1500 mV\n"),
	  "t.conf:7: [channel p] buffer-1: \"4.01\" is not a buffer; write its pH and what was "
	  "read in it, as in \"4.01 at 1677.3 mV\"\n" },
	{ GATEWAY PH("buffer-1 = 4.01 at 1.7 V\nbuffer-2 = 7 at 1500 mV\n"),
	  "t.conf:7: [channel p] buffer-1: \"1.7 V\" is not in a unit that fits; write it in "
	  "mV\n" },
	{ GATEWAY PH("buffer-1 = 40.1 at 1677 mV\nbuffer-2 = 7 at 1500 mV\n"),
	  "t.conf:7: [channel p] buffer-1: \"40.1\" is out of range; write 0 pH to 14 pH\n" },
	{ GATEWAY PH("buffer-1 = 7 at 1500 mV\n"),
	  "t.conf:4: [channel p]: buffer-2 is missing; add \"buffer-2 = 4.01 at 1676.9 mV\"\n" },
	{ GATEWAY PH("buffer-1 = 7 at 1500 mV\nbuffer-2 = 7 at 1500 mV\n"),
	  "t.conf:8: [channel p] buffer-2: the buffers are 0.00 pH apart; use two that are at "
	  "least 1 pH apart, such as 7.00 and 4.01\n" },
	{ GATEWAY PH("buffer-1 = 7 at 1500 mV\nbuffer-2 = 4 at 1500 mV\n"),
	  "t.conf:8: [channel p] buffer-2: the buffers give a slope of 0.00 mV/pH, 0.0 % of the "
	  "-59.16 mV/pH of an ideal electrode at 25 C, not 85 to 105 %; calibrate again with fresh "
	  "buffers, and renew the electrode if that does not help\n" },
	{ GATEWAY PH("buffer-1 = 7 at 1677 mV\nbuffer-2 = 4 at 1500 mV\n"),
	  "t.conf:8: [channel p] buffer-2: the buffers give a slope of 59.00 mV/pH, -99.7 % of the "
	  "-59.16 mV/pH of an ideal electrode at 25 C, not 85 to 105 %; see whether the two were "
	  "swapped\n" },

	/* compensation */
	{ GATEWAY "[channel p]\nquantity = ph\nbuffer-1 = 7 at 0\nbuffer-2 = 4 at 177 mV\n",
	  "t.conf:4: [channel p]: ph is compensated for temperature, but no channel is named for "
	  "it; add \"temperature = NAME\" and a section [channel NAME] with quantity temperature, "
	  "or \"compensate = no\"\n" },
	{ GATEWAY "[channel p]\nquantity = ph\nbuffer-1 = 7 at 0\nbuffer-2 = 4 at 177 mV\n" WATER,
	  "t.conf:4: [channel p]: ph is compensated for temperature, but no channel is named for "
	  "it; add \"temperature = w\", or \"compensate = no\"\n" },
	{ GATEWAY WATER "[channel e]\nquantity = ec\ncell-constant = 1\nus-per-mv = 2\n"
	  "temperature = e\n",
	  "t.conf:12: [channel e] temperature: channel \"e\" measures ec; name one with quantity "
	  "temperature\n" },
	{ GATEWAY WATER "[channel e]\nquantity = ec\ncell-constant = 1\nus-per-mv = 2\n"
	  "temperature = water\n",
	  "t.conf:12: [channel e] temperature: there is no channel \"water\"; the channels are w, "
	  "e\n" },
	{ GATEWAY "[channel w]\nquantity = heat\n[channel e]\nquantity = ec\ncell-constant = 1\n"
	  "us-per-mv = 2\ntemperature = w\n",
	  "t.conf:5: [channel w] quantity: there is no quantity \"heat\"; write one of ph, ec, "
	  "temperature, light, flow, level, voltage, humidity, ppfd\n" },
	{ GATEWAY WATER "compensate = no\n",
	  "t.conf:8: [channel w] compensate: this key is for quantity ph, ec, not for temperature; "
	  "remove it\n" },
	{ GATEWAY PH("buffer-1 = 7 at 0\nbuffer-2 = 4 at 177\nbuffer-temperature = 20 F\n"),
	  "t.conf:9: [channel p] buffer-temperature: \"20 F\" is not in a unit that fits; write it "
	  "in C\n" },
	{ GATEWAY "[channel e]\nquantity = ec\ncompensate = off\ntemperature = x\n"
	  "cell-constant = 1\nus-per-mv = 2\n",
	  "t.conf:6: [channel e] compensate: \"off\" is no compensation; write linear, natural-water "
	  "or no\n"
	  "t.conf:7: [channel e] temperature: there is no channel \"x\"; the channels are e\n" },

	/* outputs */
	{ GATEWAY "[output o]\n", "t.conf:4: [output o]: want is missing; add \"want = off\"\n" },
	{ GATEWAY "[output o]\nwant = yes\n",
	  "t.conf:5: [output o] want: \"yes\" is neither on nor off; write one of them\n" },
	{ GATEWAY "[output o]\nwant = on\nlease = 500 ms\n",
	  "t.conf:6: [output o] lease: \"500 ms\" is out of range; write 900 ms to 10 s\n" },
	{ GATEWAY "[output o]\nwant = on\nlse = 2 s\n",
	  "t.conf:6: [output o] lse: there is no such key; did you mean \"lease\"?\n" },
	{ GATEWAY "[output o]\nwant = on\nneeds = level-a\n",
	  "t.conf:6: [output o] needs: there is no channel \"level-a\"; add a section "
	  "[channel level-a]\n" },
	{ GATEWAY BOUNDED_WATER "[channel level-a]\nquantity = light\n[output o]\nwant = on\n"
	  "needs = w levle-a\n",
	  "t.conf:14: [output o] needs: there is no channel \"levle-a\"; did you mean "
	  "\"level-a\"?\n" },
	{ GATEWAY BOUNDED_WATER "[output o]\nwant = on\nneeds = w, w\n",
	  "t.conf:12: [output o] needs: \"w\" is listed twice; remove one\n" },
	{ GATEWAY WATER "[output o]\nwant = on\nneeds = w\n",
	  "t.conf:4: [channel w]: output \"o\" relies on it, but min is missing; add \"min = 5 "
	  "C\", or what no working sensor can pass in your tank\n"
	  "t.conf:4: [channel w]: output \"o\" relies on it, but max is missing; add \"max = 45 "
	  "C\", or what no working sensor can pass in your tank\n" },
	{ GATEWAY "[output o]\nwant = on\nneeds = e\n[channel e]\nquantity = ec\ncell-constant = 1\n"
	  "us-per-mv = 2\ncompensate = no\nmax = 4000 uS/cm\n",
	  "t.conf:7: [channel e]: output \"o\" relies on it, but min is missing; add \"min = 50 "
	  "uS/cm\", or what no working sensor can pass in your tank\n" },
	{ GATEWAY WATER "min = 5 C\n[channel e]\nquantity = ec\ncell-constant = 1\nus-per-mv = 2\n"
	  "temperature = w\n",
	  "t.conf:4: [channel w]: channel \"e\" relies on it, but max is missing; add \"max = 45 "
	  "C\", or what no working sensor can pass in your tank\n" },
	{ GATEWAY WATER "[output o]\nwant = on\nneeds = ,\n",
	  "t.conf:10: [output o] needs: there is no channel in it; name some or remove the "
	  "line\n" },

	/* buses and slaves */
	{ GATEWAY "[bus b]\n",
	  "t.conf:4: [bus b]: kind is missing; add \"kind = modbus-rtu\"\n" },
	{ GATEWAY "[bus b]\nkind = modbus\n",
	  "t.conf:5: [bus b] kind: there is no kind \"modbus\"; write one of modbus-rtu, "
	  "modbus-tcp, ezo\n"
	  "t.conf:4: [bus b]: device is missing, which modbus-rtu needs; add \"device = "
	  "/dev/serial/by-id/NAME\"\n" },
	{ GATEWAY "[bus b]\nkind = modbus-tcp\nbaud = 9600\n",
	  "t.conf:6: [bus b] baud: this key is for kind modbus-rtu, not for modbus-tcp; remove it\n"
	  "t.conf:4: [bus b]: address is missing, which modbus-tcp needs; add \"address = "
	  "192.168.10.7\"\n" },
	{ GATEWAY RTU "port = 502\n",
	  "t.conf:7: [bus b] port: this key is for kind modbus-tcp, not for modbus-rtu; remove "
	  "it\n" },
	{ GATEWAY RTU "baud = 9800\n",
	  "t.conf:7: [bus b] baud: there is no baud rate \"9800\"; write one of 1200, "
	  "2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400\n" },
	{ GATEWAY RTU "parity = mark\n",
	  "t.conf:7: [bus b] parity: there is no parity \"mark\"; write one of none, even, odd\n" },
	{ GATEWAY "[bus b]\nkind = modbus-tcp\naddress = plc.farm\n",
	  "t.conf:6: [bus b] address: \"plc.farm\" is not the number of an IPv4 or IPv6 address; "
	  "write it as in 192.168.10.7\n" },
	{ GATEWAY RTU "[bus c]\nkind = modbus-rtu\ndevice = /dev/ttyS1\n",
	  "t.conf:9: [bus c] device: another bus has this device; make them one\n" },
	{ GATEWAY "[slave s]\nbus = b\naddress = 1\n",
	  "t.conf:5: [slave s] bus: there is no bus \"b\"; add a section [bus b]\n" },
	{ GATEWAY RTU "[slave s]\nbus = b\naddress = 0\n",
	  "t.conf:9: [slave s] address: 0 is not the address of a slave on a serial line; write 1 "
	  "to 247\n" },
	{ GATEWAY RTU SLAVE "[slave t]\nbus = b\naddress = 1\n",
	  "t.conf:12: [slave t] address: slave \"s\" has it on the same bus; make them one, or "
	  "correct it\n" },
	{ GATEWAY RTU SLAVE "response-timeout = 10 s\n",
	  "t.conf:10: [slave s] response-timeout: \"10 s\" is out of range; write 10 ms to 5 s\n" },

	/* boards of Atlas Scientific */
	{ GATEWAY "[bus i]\nkind = ezo\nbaud = 9600\n",
	  "t.conf:6: [bus i] baud: this key is for kind modbus-rtu, not for ezo; remove it\n"
	  "t.conf:4: [bus i]: device is missing, which ezo needs; add \"device = /dev/i2c-1\"\n" },
	{ GATEWAY "[bus b]\nkind = modbus-tcp\naddress = 10.0.0.1\ndevice = /dev/i2c-1\n",
	  "t.conf:7: [bus b] device: this key is for kind modbus-rtu or ezo, not for modbus-tcp; "
	  "remove it\n" },
	{ GATEWAY I2C "[ezo e]\nbus = i\nkind = orp\n",
	  "t.conf:9: [ezo e] kind: there is no kind \"orp\"; write one of ph, ec, rtd, flow\n" },
	{ GATEWAY I2C "[ezo e]\nbus = i\n",
	  "t.conf:7: [ezo e]: kind is missing; add \"kind = ph\"\n" },
	{ GATEWAY I2C BOARD "address = 3\ninterval = 500 ms\n",
	  "t.conf:10: [ezo e] address: \"3\" is out of range; write 8 to 119\n"
	  "t.conf:11: [ezo e] interval: \"500 ms\" is out of range; write 1 s to 1 h\n" },
	{ GATEWAY I2C BOARD "[ezo f]\nbus = i\nkind = ec\naddress = 99\n",
	  "t.conf:13: [ezo f] address: board \"e\" has address 99 on the same bus; make them one, "
	  "or give each its own address\n" },
	{ GATEWAY RTU "[ezo e]\nbus = b\nkind = ph\n",
	  "t.conf:8: [ezo e] bus: bus \"b\" is of kind modbus-rtu; name one of kind ezo, or write a "
	  "section [slave NAME]\n" },
	{ GATEWAY I2C "[slave s]\nbus = i\naddress = 1\n",
	  "t.conf:8: [slave s] bus: bus \"i\" is of kind ezo; name one of kind modbus-rtu or "
	  "modbus-tcp, or write a section [ezo NAME]\n" },
	{ GATEWAY I2C BOARD PH("ezo = f\n"),
	  "t.conf:13: [channel p] ezo: there is no ezo \"f\"; write one of e\n" },
	{ GATEWAY I2C BOARD "[channel w]\nquantity = temperature\nezo = e\n",
	  "t.conf:12: [channel w] ezo: board \"e\" is of kind ph, which measures ph, not "
	  "temperature; name another board, or correct its kind or the quantity\n" },
	{ GATEWAY I2C BOARD PH("ezo = e\nregister = 1\ninterval = 2 s\nbuffer-temperature = 20 C\n"),
	  "t.conf:14: [channel p] register: an EZO board has no registers; remove it, or remove "
	  "ezo\n"
	  "t.conf:15: [channel p] interval: a board is asked once for all its channels; write it "
	  "into its section [ezo NAME]\n"
	  "t.conf:16: [channel p] buffer-temperature: an EZO board is calibrated itself, and gives "
	  "no mV; remove it\n" },

	/* what is entered by hand */
	{ GATEWAY "[channel p]\nquantity = ph\nsource = kernel\n",
	  "t.conf:6: [channel p] source: there is no source \"kernel\"; write one of manual\n"
	  "t.conf:4: [channel p]: ph is compensated for temperature, but no channel is named for "
	  "it; add \"temperature = NAME\" and a section [channel NAME] with quantity temperature, or "
	  "\"compensate = no\"\n" },
	{ GATEWAY "[channel p]\nquantity = ph\nsource = manual\nregister = 1\ncompensate = no\n"
	  "stale-for = 4 s\nbuffer-temperature = 20 C\n",
	  "t.conf:7: [channel p] register: what is entered by hand is read from nowhere; remove it, "
	  "or \"source = manual\"\n"
	  "t.conf:8: [channel p] compensate: what is entered by hand is taken as it is, at 25 C; "
	  "remove it\n"
	  "t.conf:9: [channel p] stale-for: how long a number holds is said when it is entered, "
	  "with --for; remove it\n"
	  "t.conf:10: [channel p] buffer-temperature: what is entered by hand is no mV; remove it\n" },
	{ GATEWAY "[channel p]\nquantity = ph\nsource = manual\nmin = 4\nmax = 8\n"
	  "[output o]\nwant = off\nneeds = p\n",
	  "t.conf:6: [channel p] source: output \"o\" relies on it, but what is entered by hand is "
	  "never good; have it rely on a sensor\n" },

	/* registers */
	{ GATEWAY WATER "register = 1\nbits = 3\n",
	  "t.conf:8: [channel w] register: there is no slave whose register it would be; add "
	  "\"slave = NAME\" and a section [slave NAME], or remove it\n"
	  "t.conf:9: [channel w] bits: there is no slave whose register it would be; add "
	  "\"slave = NAME\" and a section [slave NAME], or remove it\n" },
	{ GATEWAY RTU SLAVE WET(""),
	  "t.conf:10: [channel w]: register is missing; add \"register = 0\", counted from 0 as in "
	  "the protocol\n" },
	{ GATEWAY RTU SLAVE WET("register = 0\ninterval = 60 s\nstale-for = 30 s\n"),
	  "t.conf:15: [channel w] stale-for: it is read every 60000 ms, so that it would be stale "
	  "between two readings; make stale-for twice as long as interval, or more\n" },
	{ GATEWAY RTU SLAVE WET("register = 0\ntype = f32\norder = badd\n"),
	  "t.conf:15: [channel w] order: \"badd\" is not an order of the 4 bytes of f32; write "
	  "each of abcd once, a for the most significant, in the order in which they come\n" },
	{ GATEWAY RTU SLAVE WET("register = 0\ntype = f32\nbits = 3\n"),
	  "t.conf:15: [channel w] bits: a float has no bits of its own; write type = u16, u32 or "
	  "u64, or remove it\n" },
	{ GATEWAY RTU SLAVE WET("register = 0\nbits = 7-4\n"),
	  "t.conf:14: [channel w] bits: \"7-4\" is not a bit of u16, nor a row of them; write one "
	  "of 0 to 15, 0 for the least significant, or two as in \"4-7\"\n" },
	{ GATEWAY RTU SLAVE WET("register = 0\nbits = 16\n"),
	  "t.conf:14: [channel w] bits: \"16\" is not a bit of u16, nor a row of them; write one "
	  "of 0 to 15, 0 for the least significant, or two as in \"4-7\"\n" },
	{ GATEWAY RTU SLAVE WET("register = 0\nbits = 4-\n"),
	  "t.conf:14: [channel w] bits: \"4-\" is not a bit of u16, nor a row of them; write one "
	  "of 0 to 15, 0 for the least significant, or two as in \"4-7\"\n" },
	{ GATEWAY RTU SLAVE WET("register = 0\ntable = coil\ntype = u32\n"),
	  "t.conf:15: [channel w] type: a coil is a single bit; remove it, or write table = "
	  "holding or input\n" },
	{ GATEWAY RTU SLAVE WET("register = 65535\ntype = u32\n"),
	  "t.conf:13: [channel w] register: u32 takes 2 registers, and 65535 is followed by fewer; "
	  "write at most 65534\n" },
	{ GATEWAY RTU SLAVE WET("register = 0\nmultiply = 0\n"),
	  "t.conf:14: [channel w] multiply: 0 would make every reading the same; write what one "
	  "step of the register is worth\n" },
	{ GATEWAY RTU SLAVE WET("register = 0\nzero = 5 mV\n"),
	  "t.conf:10: [channel w]: scale is missing; add \"scale = 10 mV/C\"\n" },
	{ GATEWAY RTU SLAVE "[channel f]\nquantity = flow\nslave = s\nregister = 0\n"
	  "pulses-per-litre = 450\n",
	  "t.conf:14: [channel f] pulses-per-litre: the pulses of a slave cannot be counted; remove "
	  "it, and make its number L/min with multiply\n" },

	/* stores */
	{ GATEWAY "[store s]\nkind = influxdb2\nurl = http://h:8086\n",
	  "t.conf:5: [store s] kind: there is no kind \"influxdb2\"; did you mean "
	  "\"influxdb-2\"?\n" },
	{ GATEWAY "[store s]\nkind = mysql\nurl = http://h:8086\n",
	  "t.conf:5: [store s] kind: there is no kind \"mysql\"; write one of line-protocol, "
	  "influxdb-1, influxdb-2, influxdb-3, victoriametrics\n" },
	{ GATEWAY "[store s]\nkind = influxdb-2\nurl = http://h:8086\norg = o\ndatabase = d\n",
	  "t.conf:8: [store s] database: this key is for kind influxdb-1, influxdb-3, not for "
	  "influxdb-2; remove it\n"
	  "t.conf:4: [store s]: bucket is missing, which influxdb-2 needs; add \"bucket = "
	  "hydropon\"\n"
	  "t.conf:4: [store s]: token-file is missing, which influxdb-2 needs; add \"token-file = "
	  "/etc/hydropon/store.token\"\n" },
	{ GATEWAY "[store s]\nkind = influxdb-1\nurl = http://h:8086/write?db=x\ndatabase = d\n",
	  "t.conf:6: [store s] url: the URL has a query, which this kind of store makes itself; "
	  "remove it\n" },
	{ GATEWAY "[store s]\nurl = http://h/\norg = x\nuser = me\nbegin = yes\n",
	  "t.conf:8: [store s] begin: \"yes\" is neither oldest nor now; write one of them\n"
	  "t.conf:6: [store s] org: this key is for kind influxdb-2, not for line-protocol; remove "
	  "it\n"
	  "t.conf:4: [store s]: password-file is missing, which user needs; add \"password-file = "
	  "/etc/hydropon/store.password\"\n" },
	{ GATEWAY "[store s]\nurl = http://h/\ntoken-file = ./x\npassword-file = a\n",
	  "t.conf:6: [store s] token-file: \"./x\" is neither an absolute path nor the name of a "
	  "systemd credential; begin a path with /\n"
	  "t.conf:7: [store s] password-file: there is no user whose password it would be; add "
	  "\"user = NAME\"\n" },
	{ GATEWAY "[store s]\nurl = http://h/\nca-file = /x\ncertificate-file = /y\n",
	  "t.conf:4: [store s]: certificate-file and key-file belong together; add the other "
	  "one\n"
	  "t.conf:6: [store s] ca-file: the url is not https; write https:// or remove it\n"
	  "t.conf:7: [store s] certificate-file: the url is not https; write https:// or remove "
	  "it\n" },
	{ GATEWAY "[store s]\nurl = http://h/\nuser = u\npassword-file = p\ntoken-file = t\n",
	  "t.conf:6: [store s] user: there is a token-file as well; remove one of them\n" },
	{ GATEWAY "[store s]\nurl = http://h/\nmonthly-data = 1000\n",
	  "t.conf:6: [store s] monthly-data: \"1000\" is out of range; write 1 MiB to 1024 GiB\n" },
	{ GATEWAY "[store s]\nurl = http://h/\nmonth-begins = 15\n",
	  "t.conf:6: [store s] month-begins: there is no monthly-data whose month it would be; add "
	  "\"monthly-data = 500 MiB\"\n" },
	{ GATEWAY "[store s]\nurl = http://h/\nmonthly-data = 1 GiB\nmonth-begins = 29\n",
	  "t.conf:7: [store s] month-begins: \"29\" is out of range; write 1 to 28\n" },
	{ GATEWAY "[store s]\nurl = http://h/\ndrain-rate = 20\n",
	  "t.conf:6: [store s] drain-rate: \"20\" has no unit; write it in B/s, KiB/s or MiB/s\n" },
	{ GATEWAY "[store s]\nbatch-lines = 0\n",
	  "t.conf:5: [store s] batch-lines: \"0\" is out of range; write 1 to 100000\n"
	  "t.conf:4: [store s]: url is missing; add \"url = http://127.0.0.1:8428/write\"\n" },
	{ GATEWAY "[store s]\nurl = ftp://x/\n",
	  "t.conf:5: [store s] url: the URL must begin with http:// or https://; write the whole "
	  "write URL of the store\n" },
	{ GATEWAY "[store s]\nurl = http:///write\n",
	  "t.conf:5: [store s] url: the URL names no host; write http://HOST:PORT/PATH\n" },
	{ GATEWAY "[store s]\nurl = http://me:pw@:8428/write\n",
	  "t.conf:5: [store s] url: the URL names no host; write http://HOST:PORT/PATH\n" },
	{ GATEWAY "[store s]\nurl = http://h/wri te\n",
	  "t.conf:5: [store s] url: the URL holds a character that URLs do not have; write it as "
	  "%XX\n" },
	{ GATEWAY "[store s]\nurl = http://h/write#x\n",
	  "t.conf:5: [store s] url: the URL has a #fragment, which no server gets to see; remove "
	  "it\n" },
	{ GATEWAY "[spool]\ncommit-every = 5 s\n",
	  "t.conf:5: [spool] commit-every: a power cut would cost more than a second; write 1 s, or "
	  "add hold-up in [power], for how long the supply lasts after power-good has fallen\n" },
	{ GATEWAY "[power]\nhold-up = 5 ms\n",
	  "t.conf:5: [power] hold-up: \"5 ms\" is out of range; write 10 ms to 1 min\n" },
	{ GATEWAY "[time]\ntrust = ntp\nestimate = maybe\nrtc = /dev/rtc0\nclock = x\n",
	  "t.conf:5: [time] trust: \"ntp\" is neither clock nor synchronized; write one of them\n"
	  "t.conf:6: [time] estimate: \"maybe\" is neither yes nor no; write one of them\n"
	  "t.conf:7: [time] rtc: \"/dev/rtc0\" is not a name; use a-z, 0-9 and -, and "
	  "begin with a letter or digit\n"
	  "t.conf:8: [time] clock: there is no such key; this section has trust, estimate, rtc\n" },
	{ GATEWAY "[store s]\nurl = http://h/write?db=x&precision=ns\n",
	  "t.conf:5: [store s] url: the URL names a precision, and precision=ms is added to it; "
	  "remove it\n" },
};

TEST_F(conf, tells_each_mistake_with_place_and_remedy)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		load_text(self, mistakes[i].text);
		EXPECT_STREQ(self->errors, mistakes[i].errors);
		EXPECT_TRUE(self->conf == NULL);
	}
}

TEST_F(conf, tells_all_mistakes_at_once)
{
	load_text(self, "junk\n[gateway]\nname = A\n[sool]\nx = 1\n[output o]\nwannt = on\n");
	EXPECT_TRUE(self->conf == NULL);
	EXPECT_CONTAINS(self->errors, "t.conf:1: neither");
	EXPECT_CONTAINS(self->errors, "t.conf:3: [gateway] name: \"A\"");
	EXPECT_CONTAINS(self->errors, "t.conf:2: [gateway]: site is missing");
	EXPECT_CONTAINS(self->errors, "t.conf:4: [sool]: ");
	EXPECT_CONTAINS(self->errors, "t.conf:7: [output o] wannt: ");
	EXPECT_CONTAINS(self->errors, "t.conf:6: [output o]: want is missing");
	EXPECT_TRUE(strstr(self->errors, "t.conf:5:") == NULL);
}

TEST_F(conf, keeps_a_password_out_of_its_messages)
{
	load_text(self, GATEWAY "[store s]\nurl = http://me:hunter2@h/write#x\n");
	EXPECT_TRUE(strstr(self->errors, "hunter2") == NULL);
	EXPECT_TRUE(self->conf == NULL);
}

TEST_F(conf, judges_by_defaults_and_keys)
{
	const struct conf_channel *p;

	load_text(self, GATEWAY PH("buffer-1 = 7 at 1500\nbuffer-2 = 4 at 1677.477 mV\n")
		  "max-step = 0.5 pH\nmax-noise = off\nstuck-for = 10 min\ntwin = q\n"
		  "doser = down, up\npump = p\nprobe-since = 2026-03-31\nprobe-life = 400 d\n"
		  "[channel q]\nquantity = ph\ncompensate = no\nbuffer-1 = 7 at 1500\n"
		  "buffer-2 = 4 at 1677.477 mV\njudge = no\nwarm-up = 30 s\n"
		  "[output up]\nwant = off\n[output p]\nwant = on\n[output down]\nwant = off\n");
	EXPECT_STREQ(self->errors, "");
	ASSERT_TRUE(self->conf != NULL);
	p = &self->conf->channels[0];
	EXPECT_NEAR(p->judge.step, 0.5, 0);
	EXPECT_NEAR(p->judge.rate_per_min, 0.3, 0);
	EXPECT_NEAR(p->judge.noise, 0, 0);
	EXPECT_EQ(p->judge.stuck_ms, 600000);
	EXPECT_EQ(p->judge.twins[0], 2);
	EXPECT_EQ(p->judge.twins[1], 0);
	EXPECT_EQ(p->judge.dosers[0], 3);
	EXPECT_EQ(p->judge.dosers[1], 1);
	EXPECT_EQ(p->judge.pump, 2);
	EXPECT_EQ(p->judge.probe_since_ms, 1774915200000);
	EXPECT_EQ(p->judge.probe_life_days, 400);
	EXPECT_NEAR(p[1].judge.step, 0, 0);
	EXPECT_EQ(p[1].judge.stuck_ms, 0);
	EXPECT_FALSE(p[1].judge.has_codes);
	EXPECT_EQ(p[1].judge.warm_up_ms, 30000);
}

TEST_F(conf, has_defaults)
{
	const struct conf_channel *ph, *light;

	load_text(self, GATEWAY "[channel p]\nquantity = ph\ntemperature = w\n"
		  "buffer-1 = 7 at 1500\nbuffer-2 = 4.00 at  1677.477 mV\n" BOUNDED_WATER "[channel l]\nquantity = light\n"
		  "[channel v]\nquantity = voltage\n"
		  "[output o]\nwant = on\n[store s]\nurl = http://h/write\n");
	EXPECT_STREQ(self->errors, "");
	ASSERT_TRUE(self->conf != NULL);
	EXPECT_STREQ(self->conf->gateway, "a");
	EXPECT_STREQ(self->conf->site, "b");
	EXPECT_STREQ(self->conf->device, "/dev/hydropon0");
	EXPECT_STREQ(self->conf->run_dir, "/run/hydropon");
	EXPECT_STREQ(self->conf->state_dir, "/var/lib/hydropon");
	EXPECT_EQ(self->conf->spool_max_bytes, 1LL << 30);
	EXPECT_EQ(self->conf->commit_ms, 1000);
	EXPECT_FALSE(self->conf->trusts_clock);
	EXPECT_FALSE(self->conf->sends_estimates);
	EXPECT_STREQ(self->conf->rtc, "rtc0");
	ASSERT_EQ(self->conf->channels_n, 4);

	ph = &self->conf->channels[0];
	EXPECT_EQ(ph->quantity, QUANTITY_PH);
	EXPECT_EQ(ph->stale_ms, 3000);
	EXPECT_EQ(ph->temperature, 1);
	EXPECT_TRUE(ph->compensate);
	EXPECT_NEAR(ph->min, 0, 0);
	EXPECT_NEAR(ph->max, 14, 0);
	EXPECT_NEAR(ph->buffer_c, 25, 0);
	EXPECT_NEAR(ph->buffer_ph[1], 4, 0);
	EXPECT_NEAR(ph->buffer_mv[1], 1677.477, 0);
	EXPECT_EQ(ph->decimals, 3);

	light = &self->conf->channels[2];
	EXPECT_EQ(light->temperature, -1);
	EXPECT_FALSE(light->compensate);
	EXPECT_NEAR(light->max, 200000, 0);
	EXPECT_TRUE(isinf(self->conf->channels[3].max));

	EXPECT_TRUE(self->conf->outputs[0].want_on);
	EXPECT_EQ(self->conf->outputs[0].lease_ms, 2000);
	EXPECT_EQ(self->conf->outputs[0].needs_n, 0);
	EXPECT_EQ(self->conf->stores[0].batch_lines, 5000);
	EXPECT_EQ(self->conf->stores[0].timeout_ms, 10000);
	EXPECT_EQ(conf_find_channel(self->conf, "l"), 2);
	EXPECT_EQ(conf_find_channel(self->conf, "o"), -1);
	EXPECT_EQ(conf_find_output(self->conf, "o"), 0);
}

TEST_F(conf, takes_derived_channels_in_any_order)
{
	const struct conf_channel *dli, *vpd, *dose;

	load_text(self, GATEWAY "[channel dli]\nderive = dli\nfrom = ppfd\nmay-miss = 5 %\n"
		  "[channel dose]\nderive = dose\noutput = o\nml-per-s = 90 ml/min\nmax = 0.5 L\n"
		  "[channel ppfd]\nderive = ppfd\nfrom = light\nfactor = 0.0185\n"
		  "[channel vpd]\nderive = vpd\nfrom = w\nhumidity = h\n"
		  "[channel light]\nquantity = light\nstale-for = 7 s\n"
		  "[channel h]\nquantity = humidity\nzero = 0\nscale = 10\n" WATER
		  "[output p]\nwant = off\n[output o]\nwant = off\n");
	EXPECT_STREQ(self->errors, "");
	ASSERT_TRUE(self->conf != NULL);
	dli = &self->conf->channels[0];
	EXPECT_TRUE(dli->is_derived);
	EXPECT_EQ(dli->quantity, QUANTITY_DLI);
	EXPECT_EQ(dli->from, 2);
	EXPECT_EQ(dli->humidity, -1);
	EXPECT_EQ(dli->output, -1);
	/* As old as the light that it is of. */
	EXPECT_EQ(dli->stale_ms, 7000);
	EXPECT_NEAR(dli->may_miss, 0.05, 1e-12);
	EXPECT_NEAR(self->conf->channels[2].factor, 0.0185, 0);
	dose = &self->conf->channels[1];
	EXPECT_EQ(dose->output, 1);
	EXPECT_NEAR(dose->ml_per_s, 1.5, 1e-12);
	EXPECT_NEAR(dose->max, 500, 1e-9);
	EXPECT_NEAR(dose->may_miss, 0.02, 1e-12);
	vpd = &self->conf->channels[3];
	EXPECT_EQ(vpd->from, 6);
	EXPECT_EQ(vpd->humidity, 5);
	EXPECT_FALSE(self->conf->channels[5].is_derived);
	EXPECT_TRUE(conf_rests_on(self->conf, 0, 4));
	EXPECT_TRUE(conf_rests_on(self->conf, 3, 5));
	EXPECT_TRUE(conf_rests_on(self->conf, 3, 3));
	EXPECT_FALSE(conf_rests_on(self->conf, 4, 0));
	EXPECT_FALSE(conf_rests_on(self->conf, 1, 4));
}

TEST_F(conf, takes_a_long_commit_where_the_supply_holds_up)
{
	load_text(self, GATEWAY "[spool]\ncommit-every = 10 s\n[power]\nhold-up = 2 s\n");
	EXPECT_STREQ(self->errors, "");
	ASSERT_TRUE(self->conf != NULL);
	EXPECT_EQ(self->conf->commit_ms, 10000);
	EXPECT_EQ(self->conf->hold_up_ms, 2000);
}

TEST_F(conf, takes_the_keys_of_time)
{
	load_text(self, GATEWAY "[time]\ntrust = clock\nestimate = yes\nrtc = rtc1\n");
	EXPECT_STREQ(self->errors, "");
	ASSERT_TRUE(self->conf != NULL);
	EXPECT_TRUE(self->conf->trusts_clock);
	EXPECT_TRUE(self->conf->sends_estimates);
	EXPECT_STREQ(self->conf->rtc, "rtc1");
}

TEST_F(conf, takes_units_and_comments_and_any_line_end)
{
	const struct conf_channel *ec;

	load_text(self, "\357\273\277[gateway] ; first\r\n  name = a # here\r\n\tsite: b\r\n"
		  "[ channel\t e ]\r\nquantity = ec\r\ncompensate = no\r\ncell-constant=1.1/cm\r\n"
		  "us-per-mv = 2 \302\265S/mV\nalpha = 1.9 %/\302\260C\nmin = 100 \316\274S/cm\n"
		  "max = 1.8mS/cm\nstale-for = 1.001 s\n[spool]\nmax-bytes = 8388608\n"
		  "commit-every = 0.5 s\n[store s]\nurl = http://h:80/write?a=1;b\ntimeout = 1 "
		  "min");
	EXPECT_STREQ(self->errors, "");
	ASSERT_TRUE(self->conf != NULL);
	EXPECT_STREQ(self->conf->gateway, "a");
	ec = &self->conf->channels[0];
	EXPECT_STREQ(ec->name, "e");
	EXPECT_FALSE(ec->compensate);
	EXPECT_NEAR(ec->cell_per_cm, 1.1, 0);
	EXPECT_NEAR(ec->us_per_mv, 2, 0);
	EXPECT_NEAR(ec->alpha_per_c, 0.019, 1e-12);
	EXPECT_NEAR(ec->min, 100, 0);
	EXPECT_NEAR(ec->max, 1800, 1e-9);
	EXPECT_EQ(ec->stale_ms, 1001);
	EXPECT_EQ(self->conf->spool_max_bytes, 8 << 20);
	EXPECT_EQ(self->conf->commit_ms, 500);
	EXPECT_STREQ(self->conf->stores[0].url, "http://h:80/write?a=1;b");
	EXPECT_EQ(self->conf->stores[0].timeout_ms, 60000);
}

TEST_F(conf, compensation_switched_off_forgets_the_temperature)
{
	load_text(self, GATEWAY WATER PH("temperature = w\nbuffer-1 = 7 at 0\nbuffer-2 = 4 at "
					 "177\n"));
	EXPECT_STREQ(self->errors, "");
	ASSERT_TRUE(self->conf != NULL);
	EXPECT_EQ(self->conf->channels[1].temperature, -1);
}

#define EC "[channel e]\nquantity = ec\ncell-constant = 1\nus-per-mv = 2\ntemperature = w\n"

TEST_F(conf, ec_is_compensated_in_the_way_that_is_named)
{
	static const struct {
		const char *text;
		bool compensate, is_natural_water;
	} ways[] = {
		{ "", true, false }, { "compensate = yes\n", true, false },
		{ "compensate = linear\n", true, false }, { "compensate = no\n", false, false },
		{ "compensate = natural-water\n", true, true },
	};
	char text[512];

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		snprintf(text, sizeof(text), GATEWAY BOUNDED_WATER EC "%s", ways[i].text);
		load_text(self, text);
		EXPECT_STREQ(self->errors, "");
		ASSERT_TRUE(self->conf != NULL);
		EXPECT_EQ(self->conf->channels[1].compensate, ways[i].compensate);
		EXPECT_EQ(self->conf->channels[1].is_natural_water, ways[i].is_natural_water);
	}
	load_text(self, GATEWAY BOUNDED_WATER EC "compensate = natural-water\nalpha = 2 %/C\n");
	EXPECT_CONTAINS(self->errors, "natural-water goes by a table of its own; remove alpha");
}

TEST_F(conf, calibrations_are_due_by_quantity)
{
	load_text(self, GATEWAY BOUNDED_WATER EC);
	ASSERT_TRUE(self->conf != NULL);
	EXPECT_NEAR(self->conf->channels[0].calibration_due_d, 0, 0);
	EXPECT_NEAR(self->conf->channels[1].calibration_due_d, 90, 0);
	EXPECT_NEAR(self->conf->channels[1].calibration_expires_d, 0, 0);
	load_text(self, GATEWAY BOUNDED_WATER EC "calibration-due = 14 d\ncalibration-expires = 30 d\n");
	ASSERT_TRUE(self->conf != NULL);
	EXPECT_NEAR(self->conf->channels[1].calibration_due_d, 14, 0);
	EXPECT_NEAR(self->conf->channels[1].calibration_expires_d, 30, 0);
	load_text(self, GATEWAY BOUNDED_WATER EC "calibration-expires = 30 d\n");
	EXPECT_CONTAINS(self->errors, "it is due after 90 d, and would have expired before");
	load_text(self, GATEWAY BOUNDED_WATER EC "calibration-due = 30\n");
	EXPECT_CONTAINS(self->errors, "has no unit; write it in h or d");
}

TEST_F(conf, judges_the_slope_by_the_temperature_of_the_buffers)
{
	/* -50 mV/pH: 84.5 % of ideal at 25 C, 86 % at 20 C. */
	load_text(self, GATEWAY PH("buffer-1 = 7 at 1500\nbuffer-2 = 4 at 1650\n"));
	EXPECT_CONTAINS(self->errors, "84.5 % of the");
	EXPECT_TRUE(self->conf == NULL);
	load_text(self, GATEWAY PH("buffer-1 = 7 at 1500\nbuffer-2 = 4 at 1650\n"
				   "buffer-temperature = 20\n"));
	EXPECT_STREQ(self->errors, "");
	EXPECT_TRUE(self->conf != NULL);
}

TEST_F(conf, drop_ins_replace_in_the_order_of_their_names)
{
	ASSERT_EQ(mkdir("t.conf.d", 0755), 0);
	write_text("t.conf.d/20-b.conf", "[gateway]\nsite = second\n[output o]\nlease = 3 s\n");
	write_text("t.conf.d/10-a.conf", "[gateway]\nname = first\nsite = first\n");
	write_text("t.conf.d/30-c.conf~", "[gateway]\nsite = backup\n");
	write_text("t.conf.d/.40-d.conf", "[spool]\ncommit-every = 9 s\n");
	write_text("t.conf.d/README", "not INI");
	load_text(self, GATEWAY "[output o]\nwant = on\nlease = 99 s\n");
	EXPECT_STREQ(self->errors, "");
	ASSERT_TRUE(self->conf != NULL);
	EXPECT_STREQ(self->conf->gateway, "first");
	EXPECT_STREQ(self->conf->site, "second");
	EXPECT_EQ(self->conf->commit_ms, 1000);
	EXPECT_EQ(self->conf->outputs_n, 1);
	EXPECT_EQ(self->conf->outputs[0].lease_ms, 3000);
}

TEST_F(conf, tells_in_which_drop_in_the_mistake_is)
{
	ASSERT_EQ(mkdir("t.conf.d", 0755), 0);
	write_text("t.conf.d/a.conf", "\n[gateway]\nsite = B\nsite = c\n[channel w]\nmax = 99 F\n");
	load_text(self, GATEWAY WATER);
	EXPECT_STREQ(self->errors,
		     "t.conf.d/a.conf:4: [gateway] site: given twice in this file, first in line "
		     "3; remove one\n"
		     "t.conf.d/a.conf:3: [gateway] site: \"B\" is not a name; use a-z, 0-9 and -, "
		     "and begin with a letter or digit\n"
		     "t.conf.d/a.conf:6: [channel w] max: \"99 F\" is not in a unit that fits; "
		     "write it in C\n");
}

TEST_F(conf, refuses_what_is_not_a_file)
{
	char bytes[] = "[gateway]\nname = a\0b\n";

	load(self, "t.conf");
	EXPECT_STREQ(self->errors, "t.conf: cannot be opened: No such file or directory; see that "
		     "it exists and that this user may read it\n");
	EXPECT_TRUE(self->conf == NULL);
	load(self, "/dev/null");
	EXPECT_STREQ(self->errors, "/dev/null: is not a regular file; put a text file there\n");
	ASSERT_EQ(mkfifo("fifo", 0600), 0);
	load(self, "fifo");
	EXPECT_STREQ(self->errors, "fifo: is not a regular file; put a text file there\n");
	ASSERT_EQ(mkdir("t.conf", 0755), 0);
	load(self, "t.conf");
	EXPECT_STREQ(self->errors, "t.conf: is a directory; name the file in it\n");
	ASSERT_EQ(rmdir("t.conf"), 0);

	write_bytes("t.conf", bytes, sizeof(bytes));
	load(self, "t.conf");
	EXPECT_CONTAINS(self->errors, "t.conf:2: not a text file: there is a control character; "
			"give a file as in hydropon.conf(5)\n");
	EXPECT_TRUE(self->conf == NULL);
	ASSERT_EQ(truncate("t.conf", CONF_FILE_MAX_BYTES + 1), 0);
	load(self, "t.conf");
	EXPECT_STREQ(self->errors, "t.conf: is larger than 1 MiB; that is no configuration\n");
}

TEST_F(conf, refuses_what_it_may_not_read)
{
	uid_t me = geteuid();

	write_text("t.conf", GATEWAY);
	ASSERT_EQ(chmod("t.conf", 0), 0);
	ASSERT_EQ(chmod(".", 0755), 0);
	if (!me)	/* root may read everything */
		ASSERT_EQ(seteuid(65534), 0);
	load(self, "t.conf");
	ASSERT_EQ(seteuid(me), 0);
	EXPECT_STREQ(self->errors, "t.conf: cannot be opened: Permission denied; see that it "
		     "exists and that this user may read it\n");
}

TEST_F(conf, refuses_drop_ins_that_are_no_directory)
{
	write_text("t.conf.d", "");
	load_text(self, GATEWAY);
	EXPECT_STREQ(self->errors, "t.conf: the drop-ins in t.conf.d cannot be read: Not a "
		     "directory; see that it is a directory and that this user may read it\n");
	EXPECT_TRUE(self->conf == NULL);
}

TEST_F(conf, takes_a_long_line_and_refuses_a_longer_one)
{
	char text[4096], line[CONF_LINE_MAX + 2];

	memset(line, 'x', sizeof(line) - 1);
	line[0] = '#';
	line[CONF_LINE_MAX + 1] = 0;
	snprintf(text, sizeof(text), GATEWAY "%s\njunk\n", line);
	load_text(self, text);
	EXPECT_STREQ(self->errors,
		     "t.conf:4: the line is longer than 1024 characters; shorten it\n"
		     "t.conf:5: neither [SECTION] nor KEY = VALUE; correct it or put # in front of "
		     "it\n");
	/* One character less is a line like any other, all of which is read. */
	memcpy(line, "[store s]\nurl = http://", strlen("[store s]\nurl = http://"));
	line[10 + CONF_LINE_MAX - 10] = 0;
	snprintf(text, sizeof(text), GATEWAY "%s\n", line);
	load_text(self, text);
	EXPECT_STREQ(self->errors, "t.conf:5: [store s] url: the URL is too long; use at most 511 "
		     "characters\n");
	line[strlen("[store s]\nurl = ") + CONF_URL_MAX - 1] = 0;
	snprintf(text, sizeof(text), GATEWAY "%s\n", line);
	load_text(self, text);
	EXPECT_STREQ(self->errors, "");
	ASSERT_TRUE(self->conf != NULL);
	EXPECT_EQ(strlen(self->conf->stores[0].url), CONF_URL_MAX - 1);
}

TEST_F(conf, counts_what_it_has_room_for)
{
	char text[16384] = GATEWAY;
	size_t used = strlen(text);

	for (int i = 0; i <= HYDROPON_MAX_CHANNELS; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "[channel c%d]\nquantity = light\nmin = 1\nmax = 9\n", i);
	for (int i = 0; i <= CONF_MAX_STORES; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "[store s%d]\nurl = http://h/\n", i);
	snprintf(text + used, sizeof(text) - used,
		 "[output o]\nwant = on\nneeds = c0 c1 c2 c3 c4 c5 c6 c7 c8\n");
	load_text(self, text);
	EXPECT_STREQ(self->errors,
		     "t.conf:260: [channel c64]: there are more than 64 channels; remove some\n"
		     "t.conf:280: [store s8]: there are more than 8 stores; remove some\n"
		     "t.conf:284: [output o] needs: there are more than 8 channels; remove some\n");
}

TEST_F(conf, loads_its_examples)
{
	ASSERT_EQ(chdir(self->before), 0);
	load(self, "docs/examples/hydropon.conf");
	EXPECT_STREQ(self->errors, "");
	EXPECT_TRUE(self->conf != NULL);
	load(self, "docs/examples/virtual-gateway.conf");
	EXPECT_STREQ(self->errors, "");
	ASSERT_TRUE(self->conf != NULL);
	EXPECT_EQ(self->conf->channels_n, 6);
	EXPECT_EQ(self->conf->outputs_n, 6);
	EXPECT_STREQ(self->conf->stores[0].url, "http://10.0.2.2:8428/write");
}

/* Whatever is in the file: no crash, and never a conf without its required parts. */
TEST_F(conf, survives_damaged_files)
{
	char example[8192], damaged[sizeof(example)];
	size_t length;
	FILE *file;

	ASSERT_EQ(chdir(self->before), 0);
	file = fopen("docs/examples/hydropon.conf", "r");
	ASSERT_TRUE(file != NULL);
	length = fread(example, 1, sizeof(example), file);
	fclose(file);
	ASSERT_EQ(chdir(self->dir), 0);
	srand(1);
	for (int i = 0; i < 2000; i++) {
		memcpy(damaged, example, length);
		for (int hits = 1 + rand() % 4; hits; hits--)
			damaged[(size_t)rand() % length] =
				i % 2 ? (char)rand() : "[]=:#; \t\n0.-,"[rand() % 13];
		write_bytes("t.conf", damaged, i % 5 ? length : (size_t)rand() % length);
		load(self, "t.conf");
		EXPECT_EQ(self->conf == NULL, strlen(self->errors) > 0);
		if (self->conf)
			EXPECT_TRUE(self->conf->gateway[0] && self->conf->site[0]);
	}
}

TEST_F(conf, a_channel_can_be_read_over_a_bus)
{
	const struct conf_channel *w;

	load_text(self, GATEWAY WET("table = input\nregister = 12\ntype = s32\norder = cdab\n"
				    "bits = 4-11\nmultiply = 0.1\nadd = -40\ninterval = 2 s\n")
		  SLAVE "response-timeout = 200 ms\nbyte-timeout = 20 ms\nfill = 4\n"
		  RTU "baud = 19200\nparity = even\nstop-bits = 2\nrs485 = yes\necho = yes\n");
	ASSERT_STREQ(self->errors, "");
	w = &self->conf->channels[0];
	EXPECT_EQ(w->source, SOURCE_MODBUS);
	EXPECT_TRUE(w->is_direct);
	EXPECT_EQ(w->reg.slave, 0);
	EXPECT_EQ(w->reg.table, TABLE_INPUT);
	EXPECT_EQ(w->reg.address, 12);
	EXPECT_EQ(w->reg.type, NUMBER_S32);
	EXPECT_EQ(memcmp(w->reg.order, "\2\3\0\1", 4), 0);
	EXPECT_EQ(w->reg.first_bit, 4);
	EXPECT_EQ(w->reg.bits, 8);
	EXPECT_NEAR(w->reg.multiply, 0.1, 0);
	EXPECT_NEAR(w->reg.add, -40, 0);
	EXPECT_EQ(w->reg.interval_ms, 2000);
	EXPECT_EQ(self->conf->slaves[0].bus, 0);
	EXPECT_EQ(self->conf->slaves[0].response_timeout_ms, 200);
	EXPECT_EQ(self->conf->slaves[0].byte_timeout_ms, 20);
	EXPECT_EQ(self->conf->slaves[0].fill, 4);
	EXPECT_EQ(self->conf->buses[0].baud, 19200);
	EXPECT_EQ(self->conf->buses[0].parity, PARITY_EVEN);
	EXPECT_EQ(self->conf->buses[0].stop_bits, 2);
	EXPECT_TRUE(self->conf->buses[0].has_rs485);
	EXPECT_TRUE(self->conf->buses[0].has_echo);
}

TEST_F(conf, a_reading_over_a_bus_lives_until_the_next_one)
{
	load_text(self, GATEWAY RTU SLAVE WET("register = 0\ninterval = 60 s\n"));
	ASSERT_STREQ(self->errors, "");
	EXPECT_EQ(self->conf->channels[0].stale_ms, 150000);
	load_text(self, GATEWAY RTU SLAVE WET("register = 0\ninterval = 100 ms\n"));
	ASSERT_STREQ(self->errors, "");
	EXPECT_EQ(self->conf->channels[0].stale_ms, 3000);
}

TEST_F(conf, a_reading_of_a_board_lives_until_the_next_one)
{
	static const char board[] = GATEWAY "[channel w]\nquantity = temperature\nezo = z\n%s"
		"[ezo z]\nbus = i\nkind = rtd\ninterval = 60 s\n"
		"[bus i]\nkind = ezo\ndevice = /dev/i2c-1\n";
	char text[512];

	snprintf(text, sizeof(text), board, "");
	load_text(self, text);
	ASSERT_STREQ(self->errors, "");
	EXPECT_EQ(self->conf->channels[0].stale_ms, 150000);
	snprintf(text, sizeof(text), board, "stale-for = 10 s\n");
	load_text(self, text);
	EXPECT_STREQ(self->errors, "t.conf:7: [channel w] stale-for: it is read every 60000 ms, so that "
		     "it would be stale between two readings; make stale-for twice as long as interval, "
		     "or more\n");
}

TEST_F(conf, a_transmitter_is_compensated_only_if_that_is_said)
{
	load_text(self, GATEWAY RTU SLAVE
		  "[channel e]\nquantity = ec\nslave = s\nregister = 0\n");
	ASSERT_STREQ(self->errors, "");
	EXPECT_FALSE(self->conf->channels[0].compensate);
	load_text(self, GATEWAY RTU SLAVE WET("register = 1\nmin = 5 C\nmax = 45 C\n")
		  "[channel e]\nquantity = ec\nslave = s\nregister = 0\ntemperature = w\n");
	ASSERT_STREQ(self->errors, "");
	EXPECT_TRUE(self->conf->channels[1].compensate);
}

TEST_F(conf, a_slave_that_gives_a_voltage_is_calibrated)
{
	load_text(self, GATEWAY RTU SLAVE WET("register = 0\nzero = 500 mV\nscale = 10 mV/C\n"));
	ASSERT_STREQ(self->errors, "");
	EXPECT_FALSE(self->conf->channels[0].is_direct);
	EXPECT_NEAR(self->conf->channels[0].mv_per_unit, 10, 0);
	EXPECT_EQ(self->conf->channels[0].reg.order[1], 1);
}

TEST_F(conf, a_channel_without_a_slave_is_the_kernels)
{
	load_text(self, GATEWAY WATER);
	ASSERT_STREQ(self->errors, "");
	EXPECT_EQ(self->conf->channels[0].source, SOURCE_KERNEL);
	EXPECT_FALSE(self->conf->channels[0].is_direct);
}

TEST_F(conf, a_bus_can_be_a_network)
{
	load_text(self, GATEWAY "[bus b]\nkind = modbus-tcp\naddress = fd00::7\nport = 1502\n"
		  "[slave s]\nbus = b\naddress = 255\n");
	ASSERT_STREQ(self->errors, "");
	EXPECT_EQ(self->conf->buses[0].kind, BUS_MODBUS_TCP);
	EXPECT_STREQ(self->conf->buses[0].address, "fd00::7");
	EXPECT_EQ(self->conf->buses[0].port, 1502);
	EXPECT_EQ(self->conf->slaves[0].address, 255);
}

TEST_F(conf, a_channel_can_be_read_from_an_ezo_board)
{
	load_text(self, GATEWAY PH("ezo = e\n") BOARD "interval = 5 s\n" I2C
		  "[ezo f]\nbus = i\nkind = ec\n");
	ASSERT_STREQ(self->errors, "");
	EXPECT_EQ(self->conf->channels[0].source, SOURCE_EZO);
	EXPECT_TRUE(self->conf->channels[0].is_direct);
	EXPECT_EQ(self->conf->channels[0].ezo, 0);
	EXPECT_EQ(self->conf->ezos[0].bus, 0);
	EXPECT_EQ(self->conf->ezos[0].kind, EZO_PH);
	EXPECT_EQ(self->conf->ezos[0].address, 99);
	EXPECT_EQ(self->conf->ezos[0].interval_ms, 5000);
	EXPECT_EQ(self->conf->ezos[1].address, 100);
	EXPECT_EQ(self->conf->ezos[1].interval_ms, 1000);
	EXPECT_EQ(self->conf->buses[0].kind, BUS_EZO);
	EXPECT_STREQ(self->conf->buses[0].device, "/dev/i2c-1");
}

TEST_F(conf, a_channel_can_be_entered_by_hand)
{
	load_text(self, GATEWAY "[channel p]\nquantity = ph\nsource = manual\n");
	ASSERT_STREQ(self->errors, "");
	EXPECT_EQ(self->conf->channels[0].source, SOURCE_MANUAL);
	EXPECT_TRUE(self->conf->channels[0].is_direct);
	EXPECT_FALSE(self->conf->channels[0].compensate);
	EXPECT_EQ(self->conf->channels[0].temperature, -1);
}
