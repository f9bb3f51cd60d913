/* SPDX-License-Identifier: Apache-2.0 */
#include "config/check_report.h"

#include <stdio.h>
#include <string.h>

#include "common/settings.h"

static const char *const words[] = {
    [CHECK_OK] = "ok", [CHECK_LATER] = "later", [CHECK_WRONG] = "wrong"};

static void add_member(struct textbuf *out, const char *key, const char *text)
{
    textbuf_printf(out, ",\"%s\":", key);
    if (text == NULL)
        textbuf_puts(out, "null");
    else
        textbuf_json_string(out, text, strlen(text));
}

void check_tell(struct check_report *report, enum check_verdict verdict, const char *what,
                const char *object, const char *text, const char *mend)
{
    struct textbuf line = {0};

    if (verdict > report->worst)
        report->worst = verdict;
    if (report->json) {
        textbuf_printf(&report->array, "%s\n{\"check\":\"%s\"", report->array.len == 0 ? "[" : ",",
                       what);
        add_member(&report->array, "object", object);
        add_member(&report->array, "result", words[verdict]);
        add_member(&report->array, "text", text);
        add_member(&report->array, "mend", mend);
        textbuf_puts(&report->array, "}");
        return;
    }
    textbuf_printf(&line, "%-6s %s%s%s: %s%s%s\n", words[verdict], what, object == NULL ? "" : " ",
                   object == NULL ? "" : object, text, mend == NULL ? "" : "; ",
                   mend == NULL ? "" : mend);
    (void)fputs(line.text, stdout);
    (void)fflush(stdout);
    textbuf_done(&line);
}

int check_end(struct check_report *report)
{
    static const int codes[] = {[CHECK_OK] = EXIT_CODE_DONE,
                                [CHECK_LATER] = EXIT_CODE_LATER,
                                [CHECK_WRONG] = EXIT_CODE_CONFIG};

    if (report->json)
        (void)printf("%s\n]\n", report->array.len == 0 ? "[" : report->array.text);
    textbuf_done(&report->array);
    return fflush(stdout) == 0 ? codes[report->worst] : EXIT_CODE_RUNTIME;
}
