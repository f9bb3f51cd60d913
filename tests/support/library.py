# SPDX-License-Identifier: Apache-2.0
"""The shared library through ctypes: tables from pyarrow data, by the Arrow C Data Interface."""
import ctypes as c
import json
import time

from support.paths import BUILD, missing

TYPES = {"bool": "boolean", "int8": "byte", "int16": "short", "int32": "integer", "int64": "long",
         "float": "float", "double": "double", "string": "string", "binary": "binary", "date32[day]": "date",
         "timestamp[us, tz=UTC]": "timestamp", "timestamp[us]": "timestamp_ntz"}


class Error(c.Structure):
    _fields_ = [("code", c.c_int), ("sys", c.c_int32), ("retryable", c.c_bool), ("message", c.c_char * 503)]


class Bytes(c.Structure):
    _fields_ = [("data", c.c_char_p), ("len", c.c_size_t)]


class Property(c.Structure):
    _fields_ = [("key", c.c_char_p), ("value", c.c_char_p)]


class CreateOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("flags", c.c_uint32), ("schema_json", c.c_char_p),
                ("name", c.c_char_p), ("description", c.c_char_p), ("partition_columns", c.c_void_p),
                ("n_partition_columns", c.c_size_t), ("properties", c.POINTER(Property)),
                ("n_properties", c.c_size_t)]


class TxnOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("flags", c.c_uint32), ("operation", c.c_char_p),
                ("user_metadata", c.c_char_p), ("columns", c.c_void_p), ("n_columns", c.c_size_t)]


def delta_type(arrow_type):
    """The Delta type of an Arrow one, as schema JSON has it."""
    import pyarrow as pa
    if pa.types.is_dictionary(arrow_type):
        return delta_type(arrow_type.value_type)
    if pa.types.is_decimal(arrow_type):
        return f"decimal({arrow_type.precision},{arrow_type.scale})"
    if pa.types.is_struct(arrow_type):
        return delta_schema(arrow_type)
    if pa.types.is_list(arrow_type):
        return {"type": "array", "elementType": delta_type(arrow_type.value_type), "containsNull": True}
    if pa.types.is_map(arrow_type):
        return {"type": "map", "keyType": delta_type(arrow_type.key_type),
                "valueType": delta_type(arrow_type.item_type), "valueContainsNull": True}
    return TYPES[str(arrow_type)]


def delta_schema(fields):
    return {"type": "struct", "fields": [{"name": f.name, "type": delta_type(f.type), "nullable": f.nullable,
                                          "metadata": {}} for f in fields]}


class Library:
    def __init__(self):
        path = BUILD / "libdeltawrite.so"
        if not path.exists():
            missing(f"{path} (./dev build)")
        self.lib = c.CDLL(str(path))

    def call(self, name, *args):
        error = Error()
        if getattr(self.lib, name)(*args, c.byref(error)) != 0:
            raise RuntimeError(error.message.decode())

    def append(self, folder, batches, properties=None, partition_by=(), add_columns=False):
        """A table of the batches' schema, made if it is missing; each list of batches is one commit."""
        store, table = c.c_void_p(), c.c_void_p()
        schema = json.dumps(delta_schema(batches[0][0].schema)).encode()
        given = (Property * len(properties or {}))(*[(k.encode(), v.encode()) for k, v in (properties or {}).items()])
        columns = (c.c_char_p * len(partition_by))(*[name.encode() for name in partition_by])
        create = CreateOptions(c.sizeof(CreateOptions), 1, schema, properties=given, n_properties=len(given),
                               partition_columns=c.cast(columns, c.c_void_p), n_partition_columns=len(partition_by))
        self.call("dw_store_open_uri", str(folder).encode(), None, c.byref(store))
        self.call("dw_table_create", store, b"", c.byref(create), None, c.byref(table))
        for commit in batches:
            txn, options = c.c_void_p(), TxnOptions(c.sizeof(TxnOptions), int(add_columns))
            self.call("dw_begin", table, c.byref(options), c.byref(txn))
            for batch in commit:
                array, described = (c.c_int64 * 10)(), (c.c_int64 * 9)()  # ArrowArray, ArrowSchema
                batch._export_to_c(c.addressof(array), c.addressof(described))
                self.call("dw_append", txn, c.byref(array), c.byref(described))
            self.call("dw_commit", txn, None)
            self.lib.dw_txn_close(txn)
        self.lib.dw_table_close(table)
        self.lib.dw_store_unref(store)


class Writer:
    """One application that appends batches of dicts exactly once, and tells what it met."""
    CONFLICT, FENCED, UNKNOWN = 13, 14, 8

    def __init__(self, library, uri, app_id):
        self.lib, self.app_id, self.table = library.lib, app_id.encode(), c.c_void_p()
        self.store = c.c_void_p()
        self.call = library.call
        self.seen = {"commits": 0, "conflicts": 0, "unknown": 0}
        self.conflicts = []
        library.call("dw_store_open_uri", str(uri).encode(), None, c.byref(self.store))
        library.call("dw_table_open", self.store, b"", None, c.byref(self.table))

    def append(self, number, rows, pause=0):
        """Publish rows as application version `number`; begins anew after a conflict, as a service does. So many
        seconds pass between the writing of the files and the commit, for others to come in between."""
        while not self._attempt(number, rows, pause):
            self.call("dw_table_refresh", self.table, None)
        self.seen["commits"] += 1

    def _attempt(self, number, rows, pause):
        text = "\n".join(json.dumps(row) for row in rows).encode()
        txn, options, error = c.c_void_p(), TxnOptions(c.sizeof(TxnOptions), 1), Error()
        self.call("dw_begin", self.table, c.byref(options), c.byref(txn))
        try:
            self.call("dw_txn_set_app_version", txn, self.app_id, c.c_int64(number - 1), c.c_int64(number))
            self.call("dw_append_ndjson", txn, Bytes(text, len(text)), None, None)
            self.call("dw_txn_flush", txn)
            time.sleep(pause)
            status = self.lib.dw_commit(txn, None, c.byref(error))
            while status == self.UNKNOWN:
                self.seen["unknown"] += 1
                status = self.lib.dw_commit(txn, None, c.byref(error))
        finally:
            self.lib.dw_txn_close(txn)
        if status == self.CONFLICT:
            self.seen["conflicts"] += 1
            self.conflicts.append(error.message.decode())
        elif status != 0:
            raise RuntimeError(error.message.decode())
        return status == 0

    def close(self):
        self.lib.dw_table_close(self.table)
        self.lib.dw_store_unref(self.store)
