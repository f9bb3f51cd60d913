/* SPDX-License-Identifier: Apache-2.0 */
/* Dates and timestamps: proleptic Gregorian calendar, UTC, no leap seconds. */
#ifndef DWI_BASE_CALENDAR_H
#define DWI_BASE_CALENDAR_H

#include "base/buf.h"
#include "base/str.h"

#define DWI_US_PER_SECOND INT64_C(1000000)
#define DWI_US_PER_DAY    INT64_C(86400000000)

/* Days since 1970-01-01; month 1..12, day 1..31 are the caller's to check. Any year that fits. */
int64_t dwi_days_from_civil(int64_t year, int month, int day);
void dwi_civil_from_days(int64_t days, int64_t *out_year, int *out_month, int *out_day);
int dwi_days_in_month(int64_t year, int month);

/* Text forms of ISO 8601. Both are strict: the whole of `text`.
 * Date: YYYY-MM-DD, or with more year digits and a leading '-' as dwi_append_date() writes. */
bool dwi_parse_date(dwi_sv text, int32_t *out_days);
/* Timestamp: date, then 'T', 't' or blank, then HH:MM[:SS[.f...]] with any number of fraction
 * digits from 1 to 9 (beyond microseconds truncated towards the past), then 'Z', 'z', +HH:MM,
 * +HHMM, +HH or nothing (UTC). A date alone is its midnight. Second 60 is refused. *out_has_zone
 * (may be NULL): a zone was given. */
bool dwi_parse_timestamp(dwi_sv text, int64_t *out_us, bool *out_has_zone);

/* YYYY-MM-DD; years past 9999 with more digits, before 0 with a minus. */
void dwi_append_date(dwi_buf *buf, int64_t days);
/* YYYY-MM-DD `sep` HH:MM:SS, then '.' and the fraction when digits is 3, 6 or 9 (of nanoseconds for
 * 9, where `ts` counts nanoseconds; else it counts microseconds and 3 floors). */
void dwi_append_timestamp(dwi_buf *buf, int64_t ts, char sep, int digits);

#endif
