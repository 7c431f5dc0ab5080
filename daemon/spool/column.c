// SPDX-License-Identifier: GPL-2.0-only
#include "spool/column.h"

/*
 * The head's first byte: how slowly the level follows (its step is what was missed,
 * shifted right by that), whether a trend comes after it, and from which miss on the
 * level jumps rather than follows; the last of these limits tells that nothing was
 * missed, and no residuals follow. 0 is the plain way: the number before.
 */
enum {
	FOLLOW_MASK = 7,
	HAS_TREND = 1 << 3,
	LIMIT_SHIFT = 4,
	LIMIT_LEAST = 4,
	LIMITS = 15,
	EXACT = LIMITS << LIMIT_SHIFT,
	FRACTION_BITS = 8,
	HALF = 1 << (FRACTION_BITS - 1),
};

/* Beyond it nothing is gained by a trend, and the fraction would not fit. */
#define TREND_SPAN_MAX (1LL << 48)

static bool is_exact(uint8_t head)
{
	return head >= EXACT;
}

/* All of it wraps: garbage predicts garbage, everywhere the same. */
struct predictor {
	uint64_t level, trend, limit;
	unsigned int follow;
};

static struct predictor predictor_begin(const struct column_way *way, int64_t first)
{
	struct predictor predictor = {
		.level = ((uint64_t)first << FRACTION_BITS) + (uint64_t)way->trend,
		.trend = (uint64_t)way->trend,
		.limit = (uint64_t)LIMIT_LEAST << (way->head >> LIMIT_SHIFT),
		.follow = way->head & FOLLOW_MASK,
	};

	return predictor;
}

static inline uint64_t predictor_next(const struct predictor *predictor)
{
	return (uint64_t)((int64_t)(predictor->level + HALF) >> FRACTION_BITS);
}

static inline void predictor_learn(struct predictor *predictor, uint64_t x, uint64_t missed)
{
	uint64_t step = (uint64_t)((int64_t)(missed << FRACTION_BITS) >> predictor->follow);
	bool jumps = missed + predictor->limit > 2 * predictor->limit;

	predictor->level = jumps ? x << FRACTION_BITS : predictor->level + step;
	predictor->level += predictor->trend;
}

static inline unsigned int bits(uint64_t value)
{
	return value ? 64 - (unsigned int)__builtin_clzll(value) : 0;
}

static uint64_t cost(const int64_t *x, size_t n, const struct column_way *way)
{
	struct predictor predictor = predictor_begin(way, x[0]);
	uint64_t sum = 0;

	for (size_t i = 1; i < n; i++) {
		uint64_t missed = (uint64_t)x[i] - predictor_next(&predictor);

		sum += bits(zigzag((int64_t)missed));
		predictor_learn(&predictor, (uint64_t)x[i], missed);
	}
	return sum;
}

static uint64_t head_cost(const struct column_way *way)
{
	return way->head & HAS_TREND ? 8 + bits(zigzag(way->trend)) : 8;
}

/* The level jumps at four times the usual distance between neighbours. */
static uint8_t limit_for(uint64_t distance)
{
	uint8_t limit = 0;

	while (limit < LIMITS - 1 && ((uint64_t)LIMIT_LEAST << limit) < 4 * distance)
		limit++;
	return (uint8_t)(limit << LIMIT_SHIFT);
}

static void try(const int64_t *x, size_t n, struct column_way way, struct column_way *best,
		uint64_t *best_cost)
{
	uint64_t missed_cost = cost(x, n, &way), way_cost = missed_cost + head_cost(&way);

	if (!missed_cost)
		way.head |= EXACT;
	if (way_cost < *best_cost) {
		*best_cost = way_cost;
		*best = way;
	}
}

uint64_t column_choose(const int64_t *x, size_t n, struct column_way *way)
{
	static const uint8_t follows[] = { 3, 5 };
	uint64_t best = 0, distances = 0;
	int64_t span, trends[3] = { 0 };
	size_t trends_n = 1;
	uint8_t limit;

	way->head = 0;
	way->trend = 0;
	for (size_t i = 1; i < n; i++) {
		uint64_t distance = zigzag((int64_t)((uint64_t)x[i] - (uint64_t)x[i - 1]));

		best += bits(distance);
		distances += distance < 1 << 20 ? distance / 2 : 1 << 19;
	}
	if (n < COLUMN_HEADED)
		return best;
	if (!best) {
		struct predictor predictor = predictor_begin(way, x[0]);

		/* The fraction of the level takes bits from what is huge. */
		if (predictor_next(&predictor) == (uint64_t)x[0])
			way->head = EXACT;
		return 0;
	}

	limit = limit_for((distances + n - 2) / (n - 1));
	span = (int64_t)((uint64_t)x[n - 1] - (uint64_t)x[0]);
	if (span > -TREND_SPAN_MAX && span < TREND_SPAN_MAX) {
		int64_t trend = span * (1 << FRACTION_BITS) / (int64_t)(n - 1);
		int64_t whole = (trend + HALF) >> FRACTION_BITS;

		if (trend)
			trends[trends_n++] = trend;
		if (whole && whole * (1 << FRACTION_BITS) != trend)
			trends[trends_n++] = whole * (1 << FRACTION_BITS);
	}
	for (size_t i = 0; i < trends_n; i++) {
		struct column_way other = {
			.head = (uint8_t)(limit | (trends[i] ? HAS_TREND : 0)),
			.trend = trends[i],
		};

		if (other.trend)
			try(x, n, other, way, &best);
		for (size_t j = 0; j < sizeof(follows); j++) {
			other.head = (uint8_t)((other.head & ~FOLLOW_MASK) | follows[j]);
			try(x, n, other, way, &best);
		}
	}
	return best;
}

void column_put(struct column_out *out, const int64_t *x, size_t n, int64_t base,
		const struct column_way *way)
{
	uint8_t *to = out->residuals;
	bool is_headed = n >= COLUMN_HEADED;

	if (is_headed) {
		*out->heads++ = way->head;
		if (way->head & HAS_TREND)
			out->heads = put_varint(out->heads, zigzag(way->trend));
	}
	out->heads = put_varint(out->heads, zigzag((int64_t)((uint64_t)x[0] - (uint64_t)base)));

	if (is_headed && is_exact(way->head))
		return;
	if (!is_headed || !way->head) {
		for (size_t i = 1; i < n; i++)
			to = put_varint(to, zigzag((int64_t)((uint64_t)x[i] - (uint64_t)x[i - 1])));
	} else {
		struct predictor predictor = predictor_begin(way, x[0]);

		for (size_t i = 1; i < n; i++) {
			uint64_t missed = (uint64_t)x[i] - predictor_next(&predictor);

			to = put_varint(to, zigzag((int64_t)missed));
			predictor_learn(&predictor, (uint64_t)x[i], missed);
		}
	}
	out->residuals = to;
}

uint64_t get_long_varint(const uint8_t **from)
{
	const uint8_t *at = *from;
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 7 * VARINT_MAX; shift += 7) {
		uint8_t byte = *at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			break;
	}
	*from = at;
	return value;
}

bool column_get(struct column_in *in, int64_t *x, size_t n, int64_t base)
{
	const uint8_t *from = in->residuals;
	struct column_way way = { 0 };

	if (n >= COLUMN_HEADED) {
		way.head = *in->heads++;
		if (way.head & HAS_TREND)
			way.trend = unzigzag(get_varint(&in->heads));
	}
	x[0] = (int64_t)((uint64_t)base + (uint64_t)unzigzag(get_varint(&in->heads)));
	if (in->heads > in->heads_end)
		return false;

	if (is_exact(way.head)) {
		struct predictor predictor = predictor_begin(&way, x[0]);

		for (size_t i = 1; i < n; i++, predictor.level += predictor.trend)
			x[i] = (int64_t)predictor_next(&predictor);
		return true;
	}
	if (!way.head) {
		uint64_t last = (uint64_t)x[0];

		for (size_t i = 1; i < n; i++) {
			last += (uint64_t)unzigzag(get_varint(&from));
			x[i] = (int64_t)last;
		}
	} else {
		struct predictor predictor = predictor_begin(&way, x[0]);

		for (size_t i = 1; i < n; i++) {
			uint64_t missed = (uint64_t)unzigzag(get_varint(&from));
			uint64_t value = predictor_next(&predictor) + missed;

			x[i] = (int64_t)value;
			predictor_learn(&predictor, value, missed);
		}
	}
	in->residuals = from;
	return from <= in->residuals_end;
}
