/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of the guard, in /sys/kernel/tracing/events/hydropon_guard:
 *	hydropon_lease	a lease was given or renewed
 *	hydropon_output	an output changed, or why it is as it is
 *	hydropon_trip	an interlock began or ceased to trip
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM hydropon_guard

#if !defined(HYDROPON_GUARD_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define HYDROPON_GUARD_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(hydropon_lease,
	TP_PROTO(u32 output, u32 beat, u64 expiry_ns),
	TP_ARGS(output, beat, expiry_ns),
	TP_STRUCT__entry(
		__field(u32, output)
		__field(u32, beat)
		__field(u64, expiry_ns)
	),
	TP_fast_assign(
		__entry->output = output;
		__entry->beat = beat;
		__entry->expiry_ns = expiry_ns;
	),
	TP_printk("output=%u beat=%u expiry_ns=%llu", __entry->output, __entry->beat,
		  __entry->expiry_ns)
);

TRACE_EVENT(hydropon_output,
	TP_PROTO(u32 output, bool on, u32 cause),
	TP_ARGS(output, on, cause),
	TP_STRUCT__entry(
		__field(u32, output)
		__field(bool, on)
		__field(u32, cause)
	),
	TP_fast_assign(
		__entry->output = output;
		__entry->on = on;
		__entry->cause = cause;
	),
	TP_printk("output=%u on=%d cause=%u", __entry->output, __entry->on, __entry->cause)
);

TRACE_EVENT(hydropon_trip,
	TP_PROTO(u32 id, u32 output, bool tripping, bool stale),
	TP_ARGS(id, output, tripping, stale),
	TP_STRUCT__entry(
		__field(u32, id)
		__field(u32, output)
		__field(bool, tripping)
		__field(bool, stale)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->output = output;
		__entry->tripping = tripping;
		__entry->stale = stale;
	),
	TP_printk("id=%u output=%u tripping=%d stale=%d", __entry->id, __entry->output,
		  __entry->tripping, __entry->stale)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
