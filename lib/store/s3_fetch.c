/* SPDX-License-Identifier: Apache-2.0 */
/* Requests for keys: few and small, so each has a connection of its own. Redirects are not
 * followed, and no proxy is asked: tokens go to the host that was named. */
#include "store/s3_fetch.h"

#include <pthread.h>

#include <curl/curl.h>

enum { MAX_ANSWER_BYTES = 1 << 20 };

static void init_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT); /* curl_easy_init() fails after a failure */
}

void dwi_s3_init_curl(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, init_curl);
}

static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
    dwi_buf *out = ctx;
    size_t len = size * count;

    if (len > MAX_ANSWER_BYTES - out->len)
        return 0;
    dwi_buf_append(out, data, len);
    return out->failed ? 0 : len;
}

static dw_status make_lines(const dwi_s3_fetch *fetch, const dw_allocator *alloc,
                            struct curl_slist **out, dw_error *err)
{
    struct curl_slist *lines = NULL;
    dwi_buf line;
    dw_status status = DW_OK;

    dwi_buf_init(&line, alloc);
    for (size_t i = 0; i < fetch->n_headers && status == DW_OK; i++) {
        struct curl_slist *longer = NULL;
        const dw_property *header = &fetch->headers[i];

        dwi_buf_clear(&line);
        dwi_buf_printf(&line, header->value[0] == '\0' ? "%s:%s" : "%s: %s", header->key,
                       header->value);
        if (dwi_buf_cstr(&line) != NULL)
            longer = curl_slist_append(lines, (const char *)line.data);
        if (longer == NULL)
            status = dwi_err_nomem(err);
        else
            lines = longer;
    }
    dwi_buf_done(&line);
    *out = lines;
    return status;
}

static void set_options(CURL *curl, const dwi_s3_fetch *fetch, struct curl_slist *lines,
                        dwi_buf *out, char *message)
{
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)fetch->timeout_ms);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)fetch->timeout_ms);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "libdeltawrite/" DWI_VERSION);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, fetch->method);
    if (fetch->body != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, fetch->body);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(fetch->body));
    }
    if (fetch->ca_file != NULL)
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, fetch->ca_file);
}

dw_status dwi_s3_fetch_url(const dwi_s3_fetch *fetch, dwi_buf *out, int *out_http_status,
                           dw_error *err)
{
    char message[CURL_ERROR_SIZE] = "";
    struct curl_slist *lines = NULL;
    CURL *curl = NULL;
    CURLcode code;
    long http = 0;
    dw_status status;

    dwi_buf_clear(out);
    dwi_s3_init_curl();
    DWI_TRY(make_lines(fetch, out->alloc, &lines, err));
    curl = curl_easy_init();
    if (curl == NULL) {
        status = dwi_err_nomem(err);
        goto done;
    }
    set_options(curl, fetch, lines, out, message);
    code = curl_easy_setopt(curl, CURLOPT_URL, fetch->url);
    if (code == CURLE_OK)
        code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http);
    if (code == CURLE_OUT_OF_MEMORY || out->failed)
        status = dwi_err_nomem(err);
    else if (code != CURLE_OK)
        status = dwi_err_sys(err, DW_E_IO, 0, true, "%s: %s", fetch->url,
                             message[0] != '\0' ? message : curl_easy_strerror(code));
    else if (dwi_buf_cstr(out) == NULL)
        status = dwi_err_nomem(err);
    *out_http_status = (int)http;
done:
    curl_easy_cleanup(curl);
    curl_slist_free_all(lines);
    return status;
}
