/* SPDX-License-Identifier: Apache-2.0 */
/* Options that the verbs which look at a table share. */
#ifndef DW_CLI_LOOK_H
#define DW_CLI_LOOK_H

#include "tool/target.h"

struct look {
    bool json;
    int64_t version; /* -1: the latest */
    int64_t limit;   /* -1: none */
    const char *timestamp;
    const char *columns;
    const char *where;
    struct arg_list args;
};

#define LOOK_INIT                                                                                  \
    {                                                                                              \
        false, -1, -1, NULL, NULL, NULL,                                                           \
        {                                                                                          \
            NULL, 0                                                                                \
        }                                                                                          \
    }
#define OPT_JSON(l)                                                                                \
    {                                                                                              \
        "--json", NULL, ARG_FLAG, &(l).json, "print JSON for programs"                             \
    }
#define OPT_VERSION(l)                                                                             \
    {                                                                                              \
        "--version", "N", ARG_COUNT, &(l).version, "this version of the table"                     \
    }
#define OPT_TIMESTAMP(l)                                                                           \
    {                                                                                              \
        "--timestamp", "TIME", ARG_TEXT, &(l).timestamp,                                           \
            "the table as it was at this time (ISO 8601)"                                          \
    }
#define OPT_COLUMNS(l)                                                                             \
    {                                                                                              \
        "--columns", "A,B", ARG_TEXT, &(l).columns, "these columns only"                           \
    }
#define OPT_WHERE(l)                                                                               \
    {                                                                                              \
        "--where", "CONDITION", ARG_TEXT, &(l).where,                                              \
            "rows that pass alone: \"country = 'de' AND id > 5\""                                  \
    }
#define OPT_END                                                                                    \
    {                                                                                              \
        NULL, NULL, ARG_FLAG, NULL, NULL                                                           \
    }

#endif
