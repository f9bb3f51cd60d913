/* SPDX-License-Identifier: Apache-2.0 */
/* The library from C++11: handles in unique_ptr, errors as exceptions, exactly-once by an
 * application id. Each run continues where the table says the last one ended.
 *
 *   append_cpp TABLE-URI */
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include <deltawrite/deltawrite.h>

namespace
{

const char kSchema[] =
    "{\"type\":\"struct\",\"fields\":["
    "{\"name\":\"n\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},"
    "{\"name\":\"text\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}}]}";
const char kAppId[] = "append-cpp";

/* Throws what the library says. */
void check(dw_status status, const dw_error &err)
{
    if (status != DW_OK)
        throw std::runtime_error(err.message);
}

template <typename T> using Handle = std::unique_ptr<T, void (*)(T *)>;

Handle<dw_store> open_store(const char *uri)
{
    dw_error err = DW_ERROR_INIT;
    dw_store *store = nullptr;

    check(dw_store_open_uri(uri, nullptr, &store, &err), err);
    return Handle<dw_store>(store, dw_store_unref);
}

Handle<dw_table> open_table(dw_store *store)
{
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;
    dw_table *table = nullptr;

    create.flags = DW_CREATE_IF_MISSING;
    create.schema_json = kSchema;
    check(dw_table_create(store, "", &create, nullptr, &table, &err), err);
    return Handle<dw_table>(table, dw_table_close);
}

/* Where the last committed run ended; -1: there was none. */
std::int64_t position(dw_table *table)
{
    dw_error err = DW_ERROR_INIT;
    std::int64_t version = -1;
    dw_status status = dw_table_app_version(table, kAppId, &version, &err);

    if (status != DW_E_NOT_FOUND)
        check(status, err);
    return version;
}

void run(const char *uri)
{
    Handle<dw_store> store = open_store(uri);
    Handle<dw_table> table = open_table(store.get());
    dw_error err = DW_ERROR_INIT;
    dw_txn *opened = nullptr;
    std::int64_t expected = position(table.get());
    std::int64_t first = expected < 0 ? 0 : expected;
    std::int64_t version = -1;

    check(dw_begin(table.get(), nullptr, &opened, &err), err);
    Handle<dw_txn> txn(opened, dw_txn_close);
    for (std::int64_t n = first; n < first + 10; n++) {
        std::string record =
            "{\"n\":" + std::to_string(n) + ",\"text\":\"row " + std::to_string(n) + "\"}";
        dw_bytes bytes = {record.data(), record.size()};
        check(dw_append_json(txn.get(), &bytes, 1, nullptr, nullptr, &err), err);
    }
    /* Data and position are published together, and only if nobody else moved the position. */
    check(dw_txn_set_app_version(txn.get(), kAppId, expected, first + 10, &err), err);
    check(dw_commit(txn.get(), &version, &err), err);
    std::printf("version %lld: rows %lld to %lld\n", static_cast<long long>(version),
                static_cast<long long>(first), static_cast<long long>(first + 9));
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 2) {
        std::fprintf(stderr, "usage: append_cpp TABLE-URI\n");
        return 2;
    }
    try {
        run(argv[1]);
    } catch (const std::exception &e) {
        std::fprintf(stderr, "append_cpp: %s\n", e.what());
        return 1;
    }
    return 0;
}
