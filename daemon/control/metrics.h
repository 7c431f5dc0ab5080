/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The numbers of the status document as OpenMetrics text, as Prometheus and others read it
 * (https://prometheus.io/docs/specs/om/open_metrics_spec/, version 1.0).
 */
#ifndef HYDROPON_METRICS_H
#define HYDROPON_METRICS_H

#include <json-c/json_types.h>

/* Of status_build(), or what a client was answered; what is null or missing is left out. Ends with
 * "# EOF\n". To be freed; NULL: out of memory.
 */
char *metrics_text(struct json_object *status);

#endif
