/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration: /etc/hydropon/hydropon.conf and, after it in the order of
 * their names, /etc/hydropon/hydropon.conf.d/NAME.conf (beside whatever main file
 * is given: FILE and FILE.d). INI by inih; hydropon.conf(5) is the reference. A later key replaces
 * an earlier one of the same section. Every mistake is reported, not just the
 * first, each with file, line, section, key and what to do.
 */
#ifndef HYDROPON_CONF_H
#define HYDROPON_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/hydropon.h>

#define CONF_DEFAULT_PATH "/etc/hydropon/hydropon.conf"
#define CONF_MAX_NEEDS 8
#define CONF_MAX_STORES 8
#define CONF_MAX_BUFFERS 3
#define CONF_MAX_TWINS 2
#define CONF_MAX_DOSERS 4
#define CONF_MAX_BUSES 8
#define CONF_MAX_SLAVES HYDROPON_MAX_CHANNELS
#define CONF_MAX_EZOS HYDROPON_MAX_CHANNELS
#define CONF_VALUE_BYTES 8	/* of the widest number in registers */
#define CONF_PATH_MAX 256
#define CONF_URL_MAX 512
#define CONF_WORD_MAX 128
#define CONF_ADDRESS_MAX 46	/* INET6_ADDRSTRLEN */
#define CONF_COMMIT_MS 1000	/* no longer where a power cut comes without a word */

enum quantity {
	QUANTITY_PH,		/* pH, unit "pH" */
	QUANTITY_EC,		/* conductivity at 25 C, "uS/cm" */
	QUANTITY_TEMPERATURE,	/* "C" */
	QUANTITY_LIGHT,		/* "lx" */
	QUANTITY_FLOW,		/* "L/min" */
	QUANTITY_LEVEL,		/* "cm" */
	QUANTITY_VOLTAGE,	/* "mV": as the IIO device gives it */
	QUANTITY_HUMIDITY,	/* relative, of air, "%" */
	QUANTITY_PPFD,		/* photosynthetic photon flux density, "umol/m2/s"; or derived */
	/* from here on only derived */
	QUANTITY_TDS,		/* total dissolved solids, "ppm" */
	QUANTITY_DLI,		/* daily light integral, so far today, "mol/m2" */
	QUANTITY_VOLUME,	/* that has flowed since the start of hydropond, "L" */
	QUANTITY_VPD,		/* vapour-pressure deficit of air, "kPa" */
	QUANTITY_DOSE,		/* that a pump has given so far today, "ml" */
	QUANTITY_ON_TIME,	/* of an output, so far today, "s" */
};

const char *quantity_name(enum quantity quantity);	/* "ph", "ec", "temperature", ... */
const char *quantity_unit(enum quantity quantity);	/* "pH", "uS/cm", "C", ... */

/*
 * What the judgement of a channel goes by, in its unit; docs/judgement.md explains each. 0: that
 * is not looked for. Outputs: 1 + index, 0: none.
 */
struct conf_judge {
	bool is_wanted;			/* else only what needs no other reading */
	double step;			/* from one reading to the next, beside rate_per_min */
	double rate_per_min;		/* faster is not possible */
	double noise;			/* standard deviation */
	uint32_t stuck_ms;
	double stuck_above;		/* below it a reading may be constant: dark, no flow */
	double no_signal_below;
	double twin_within;
	unsigned int twins[CONF_MAX_TWINS];	/* 1 + index of the channel */
	double moved;			/* in half an hour without a dose */
	unsigned int pump, lamp, dosers[CONF_MAX_DOSERS];
	double flow_least;		/* with the pump on; more than that is flow */
	double lit_least;		/* with the lamp on */
	bool has_codes;			/* answer codes of devices are looked for */
	uint32_t warm_up_ms;
	int64_t probe_since_ms;		/* wall time */
	uint32_t probe_life_days;
	bool is_out_of_service;
};

/* Where a Modbus slave has a number: one of the four tables of the protocol. */
enum conf_table { TABLE_HOLDING, TABLE_INPUT, TABLE_COIL, TABLE_DISCRETE };

enum conf_number {
	NUMBER_U16, NUMBER_S16, NUMBER_U32, NUMBER_S32, NUMBER_U64, NUMBER_S64, NUMBER_F32, NUMBER_F64,
};

/* "holding", "u16" */
const char *conf_table_name(enum conf_table table);
const char *conf_number_name(enum conf_number type);
/* How many bytes a number of @type has: 2, 4 or 8. */
unsigned int conf_number_bytes(enum conf_number type);

static inline bool conf_table_has_bits(enum conf_table table)
{
	return table == TABLE_COIL || table == TABLE_DISCRETE;
}

struct conf_register {
	int slave;			/* index */
	enum conf_table table;
	uint32_t address;		/* as in the protocol: counted from 0 */
	enum conf_number type;		/* of a register */
	/* Of each byte on the wire, which of the number it is: 0 is the most significant. */
	uint8_t order[CONF_VALUE_BYTES];
	uint8_t first_bit, bits;	/* the part of an integer that is meant; bits 0: all of it */
	double multiply, add;		/* number * multiply + add */
	uint32_t interval_ms;
};

enum conf_source {
	SOURCE_KERNEL,			/* the stream of the gateway's device */
	SOURCE_MODBUS,
	SOURCE_EZO,			/* a board of Atlas Scientific, over I2C */
	SOURCE_MANUAL,			/* entered by a person, and never good */
};

/* "kernel", "modbus", ... */
const char *conf_source_name(enum conf_source source);

struct conf_channel {
	char name[HYDROPON_NAME_MAX];
	enum conf_source source;
	struct conf_register reg;	/* SOURCE_MODBUS */
	int ezo;			/* SOURCE_EZO: index */
	bool is_direct;			/* the source gives the quantity itself, in its unit */
	enum quantity quantity;
	double min, max;		/* outside: Q_BAD_RANGE; defaults per quantity */
	uint32_t stale_ms;		/* default 3000 */
	int temperature;		/* channel index of the compensation, -1: none */
	bool compensate;		/* ph and ec: false switches compensation off */
	bool is_natural_water;		/* ec: by the table of ISO 7888, not by alpha */
	/* ph: two buffers, as read, and the temperature they had; or three, ascending */
	double buffer_ph[CONF_MAX_BUFFERS], buffer_mv[CONF_MAX_BUFFERS], buffer_c;
	bool has_third_buffer;		/* only by a calibration */
	/* ec: conductivity = cell_per_cm * us_per_mv * (mV - zero_mv) */
	double cell_per_cm, us_per_mv, alpha_per_c;
	/* temperature, level: value = (mV - zero_mv) / mv_per_unit */
	double zero_mv, mv_per_unit;
	double light_factor;		/* only by a calibration; 0: none */
	double pulses_per_litre;	/* flow */
	/* days after which a calibration is to be made again, or counts no more; 0: never */
	double calibration_due_d, calibration_expires_d;
	int decimals;			/* for people and for the store; by quantity */
	struct conf_judge judge;	/* by quantity */
	/* What is not measured, but follows from other channels, or from an output. */
	bool is_derived;
	int from, humidity, output;	/* indices, -1: none */
	double factor;			/* tds: ppm per uS/cm; ppfd: umol/m2/s per lx */
	double ml_per_s;		/* dose */
	double may_miss;		/* share of the time that a total may not have seen */
};

struct conf_output {
	char name[HYDROPON_NAME_MAX];
	bool want_on;
	uint32_t lease_ms;		/* default 2000 */
	int needs[CONF_MAX_NEEDS];	/* channel indices */
	size_t needs_n;
};

enum conf_bus_kind { BUS_MODBUS_RTU, BUS_MODBUS_TCP, BUS_EZO };

enum conf_parity { PARITY_NONE, PARITY_EVEN, PARITY_ODD };

/* What slaves and boards are wired to. */
struct conf_bus {
	char name[HYDROPON_NAME_MAX];
	enum conf_bus_kind kind;
	char device[CONF_PATH_MAX];	/* modbus-rtu, ezo */
	/* modbus-rtu */
	uint32_t baud;			/* default 9600 */
	enum conf_parity parity;
	uint32_t stop_bits;		/* default 1 */
	bool has_rs485;			/* the kernel switches the driver on and off (TIOCSRS485) */
	bool has_echo;			/* what is sent is heard as well */
	/* modbus-tcp: a numeric address, so that no name server can hold anything up */
	char address[CONF_ADDRESS_MAX];
	uint32_t port;			/* default 502 */
};

/* "modbus-rtu" */
const char *conf_bus_kind_name(enum conf_bus_kind kind);

struct conf_slave {
	char name[HYDROPON_NAME_MAX];
	int bus;			/* index */
	uint32_t address;		/* 1 .. 247; over TCP the unit, 0 .. 255 */
	uint32_t response_timeout_ms;	/* until the first byte of an answer; default 500 */
	uint32_t byte_timeout_ms;	/* between two of them; default 100 */
	uint32_t fill;			/* registers that a request may read for nothing; default 0 */
};

enum conf_ezo_kind { EZO_PH, EZO_EC, EZO_RTD, EZO_FLOW };

/* "ph" */
const char *conf_ezo_kind_name(enum conf_ezo_kind kind);

/* An EZO board of Atlas Scientific in its I2C mode. */
struct conf_ezo {
	char name[HYDROPON_NAME_MAX];
	int bus;			/* index */
	enum conf_ezo_kind kind;
	uint32_t address;		/* 8 .. 119; by default that of its kind */
	uint32_t interval_ms;		/* 1000 .. 3600000, default 1000 */
};

enum conf_store_kind {
	STORE_LINE_PROTOCOL,		/* whatever takes it at the URL */
	STORE_INFLUXDB_1,
	STORE_INFLUXDB_2,
	STORE_INFLUXDB_3,
	STORE_VICTORIAMETRICS,
};

struct conf_store {
	char name[HYDROPON_NAME_MAX];
	enum conf_store_kind kind;	/* default STORE_LINE_PROTOCOL */
	/* Of line-protocol the whole write URL, to which precision=ms is added; of others what
	 * stands before the path of their API.
	 */
	char url[CONF_URL_MAX];
	char database[CONF_WORD_MAX];	/* influxdb-1 and -3 */
	char retention_policy[CONF_WORD_MAX];	/* influxdb-1; empty: its default one */
	char org[CONF_WORD_MAX], bucket[CONF_WORD_MAX];	/* influxdb-2 */
	/* Files, or names of systemd credentials, which have no slash; empty: none. */
	char token_file[CONF_PATH_MAX], password_file[CONF_PATH_MAX];
	char user[CONF_WORD_MAX];
	char ca_file[CONF_PATH_MAX];	/* empty: those of the system */
	char certificate_file[CONF_PATH_MAX], key_file[CONF_PATH_MAX];	/* of this client */
	char proxy[CONF_URL_MAX];	/* empty: that of the environment */
	bool begins_at_oldest;		/* a new one; else with what comes now */
	uint32_t batch_lines;		/* default 5000 */
	uint32_t send_every_ms;		/* unless a batch is full; default 0 */
	uint32_t drain_rate;		/* bytes a second of what has waited, 0: no bound */
	uint64_t monthly_bytes;		/* on the line in both ways, 0: no bound */
	uint32_t month_begins;		/* day, 1 .. 28; default 1 */
	uint32_t timeout_ms;		/* default 10000 */
};

/* "influxdb-2". */
const char *conf_store_kind_name(enum conf_store_kind kind);

struct conf {
	char gateway[64], site[64];
	char device[CONF_PATH_MAX];	/* default /dev/hydropon0 */
	char run_dir[CONF_PATH_MAX];	/* default /run/hydropon */
	char state_dir[CONF_PATH_MAX];	/* default /var/lib/hydropon: spool/, cursors/ below */
	uint64_t spool_max_bytes;	/* default 1 GiB */
	uint32_t commit_ms;		/* default 1000 */
	uint32_t hold_up_ms;		/* of the supply, once power-good has fallen; 0: not known */
	bool trusts_clock;		/* also where no server has set it; default false */
	bool sends_estimates;		/* of stamps that nothing proves; default false */
	char rtc[HYDROPON_NAME_MAX];			/* below /sys/class/rtc, default rtc0 */
	struct conf_channel channels[HYDROPON_MAX_CHANNELS];
	size_t channels_n;
	struct conf_output outputs[HYDROPON_MAX_OUTPUTS];
	size_t outputs_n;
	struct conf_bus buses[CONF_MAX_BUSES];
	size_t buses_n;
	struct conf_slave slaves[CONF_MAX_SLAVES];
	size_t slaves_n;
	struct conf_ezo ezos[CONF_MAX_EZOS];
	size_t ezos_n;
	struct conf_store stores[CONF_MAX_STORES];
	size_t stores_n;
};

/*
 * Reads @path and its drop-ins. Mistakes go to @errors, a line each. Returns the
 * conf, to be freed with conf_free(), or NULL if there was any mistake.
 */
struct conf *conf_load(const char *path, FILE *errors);
void conf_free(struct conf *conf);
/* Index of the channel, output, bus, slave or board of that name, or -1. */
int conf_find_channel(const struct conf *conf, const char *name);
int conf_find_output(const struct conf *conf, const char *name);
int conf_find_bus(const struct conf *conf, const char *name);
int conf_find_slave(const struct conf *conf, const char *name);
/* What channel @index says follows from channel @other: it is that one, is compensated by it, or is
 * derived from what rests on it. */
bool conf_rests_on(const struct conf *conf, size_t index, size_t other);
int conf_find_ezo(const struct conf *conf, const char *name);

#endif
