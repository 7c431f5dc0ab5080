/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoint of the samplers, in /sys/kernel/tracing/events/hydropon:
 *	hydropon_tick	a sampler begins to read its channels, or a pulse input tells its
 *			count. node: its name in the device tree. late_ns: after the tick
 *			that it answers. missed: ticks left out just before it.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM hydropon

#if !defined(HYDROPON_SAMPLER_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define HYDROPON_SAMPLER_TRACE_H

#include <linux/of.h>
#include <linux/tracepoint.h>

TRACE_EVENT(hydropon_tick,
	    TP_PROTO(const struct device_node *node, u64 late_ns, u64 missed),
	    TP_ARGS(node, late_ns, missed),
	    TP_STRUCT__entry(__array(char, node, 32)
			     __field(u64, late_ns)
			     __field(u64, missed)
	    ),
	    TP_fast_assign(snprintf(__entry->node, sizeof(__entry->node), "%pOFn", node);
			   __entry->late_ns = late_ns;
			   __entry->missed = missed;
	    ),
	    TP_printk("node=%s late_ns=%llu missed=%llu", __entry->node, __entry->late_ns,
		      __entry->missed)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
