/* SPDX-License-Identifier: Apache-2.0 */
/* A record_config from words: "format=avro", "column=name:user;source:/u;type:string". */
#ifndef DWT_RECORD_SETTINGS_H
#define DWT_RECORD_SETTINGS_H

#include "records/decoder.h"

enum { MOST_COLUMNS = 64 };

struct settings_under_test {
    struct record_config config;
    struct record record;
    struct column_config columns[MOST_COLUMNS];
    char *drop[MOST_COLUMNS];
    char *csv_columns[MOST_COLUMNS];
    struct record_header headers[MOST_COLUMNS];
    char *table; /* a Delta schema */
};

/* Borrows and cuts up `word`; false: unknown. */
bool record_setting(struct settings_under_test *settings, char *word);

#endif
