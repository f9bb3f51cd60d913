/* SPDX-License-Identifier: Apache-2.0 */
#include "common/style.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool style_is_on(FILE *out)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    if (no_color != NULL && no_color[0] != '\0')
        return false;
    return isatty(fileno(out)) && (term == NULL || strcmp(term, "dumb") != 0);
}

const char *style_text(enum style style, FILE *out)
{
    static const char *const codes[] = {
        [STYLE_PLAIN] = "\033[0m", [STYLE_BOLD] = "\033[1m",   [STYLE_DIM] = "\033[2m",
        [STYLE_RED] = "\033[31m",  [STYLE_GREEN] = "\033[32m", [STYLE_YELLOW] = "\033[33m",
    };

    return style_is_on(out) ? codes[style] : "";
}

const char *style_bold(FILE *out)
{
    return style_text(STYLE_BOLD, out);
}

const char *style_plain(FILE *out)
{
    return style_text(STYLE_PLAIN, out);
}
