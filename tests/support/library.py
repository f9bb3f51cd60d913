# SPDX-License-Identifier: Apache-2.0
"""The shared library through ctypes: tables from pyarrow data, by the Arrow C Data Interface."""
import ctypes as c
import json

from support.paths import BUILD, missing

TYPES = {"bool": "boolean", "int8": "byte", "int16": "short", "int32": "integer", "int64": "long",
         "float": "float", "double": "double", "string": "string", "binary": "binary", "date32[day]": "date",
         "timestamp[us, tz=UTC]": "timestamp", "timestamp[us]": "timestamp_ntz"}


class Error(c.Structure):
    _fields_ = [("code", c.c_int), ("sys", c.c_int32), ("retryable", c.c_bool), ("message", c.c_char * 503)]


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

    def append(self, folder, batches, properties=None):
        """A table of the batches' schema, made if it is missing; each list of batches is one commit."""
        store, table = c.c_void_p(), c.c_void_p()
        schema = json.dumps(delta_schema(batches[0][0].schema)).encode()
        given = (Property * len(properties or {}))(*[(k.encode(), v.encode()) for k, v in (properties or {}).items()])
        create = CreateOptions(c.sizeof(CreateOptions), 1, schema, properties=given, n_properties=len(given))
        self.call("dw_store_open_uri", str(folder).encode(), None, c.byref(store))
        self.call("dw_table_create", store, b"", c.byref(create), None, c.byref(table))
        for commit in batches:
            txn, options = c.c_void_p(), TxnOptions(c.sizeof(TxnOptions), 0)
            self.call("dw_begin", table, c.byref(options), c.byref(txn))
            for batch in commit:
                array, described = (c.c_int64 * 10)(), (c.c_int64 * 9)()  # ArrowArray, ArrowSchema
                batch._export_to_c(c.addressof(array), c.addressof(described))
                self.call("dw_append", txn, c.byref(array), c.byref(described))
            self.call("dw_commit", txn, None)
            self.lib.dw_txn_close(txn)
        self.lib.dw_table_close(table)
        self.lib.dw_store_unref(store)
