/* SPDX-License-Identifier: Apache-2.0 */
#include "common/style.h"

#include <unistd.h>

const char *style_bold(FILE *out)
{
    return isatty(fileno(out)) ? "\033[1m" : "";
}

const char *style_plain(FILE *out)
{
    return isatty(fileno(out)) ? "\033[0m" : "";
}
