/* SPDX-License-Identifier: Apache-2.0 */
/* Times as text, by the rules of docs/records.md, which are the library's. */
#ifndef DW_CLI_TIME_PARSE_H
#define DW_CLI_TIME_PARSE_H

#include <stdint.h>

#include "records/scratch.h"

enum time_zone_given { ZONE_NONE, ZONE_UTC, ZONE_OTHER };

/* Microseconds since 1970-01-01 UTC, or days, of all of `text`. */
bool time_parse(struct span text, int64_t *out_us, enum time_zone_given *out_zone);
bool time_parse_date(struct span text, int64_t *out_days);

struct time_parts {
    int64_t year, days; /* days since 1970-01-01 */
    int month, day, hour;
};
struct time_parts time_parts_of(int64_t us);

#endif
