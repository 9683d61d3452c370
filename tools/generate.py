#!/usr/bin/env python3
"""Generates a service's tables, typed views and dispatch from AWS's published model.

Reads botocore's service-2.json (plain or .gz), merges models/overlay/<service>.json over it, and
writes, for the operations of operations.list and the shapes that they reach:

  <out>/api/<service>.h            typed views, declarations of the operations, error factories
  <out>/api/<service>_tables.cc    the constant tables of src/wire/model/model.h
  <out>/api/<service>_dispatch.cc  one handler per listed operation (not with --tables-only)
"""

import argparse
import gzip
import json
import pathlib
import re
import sys

KEYWORDS = {
    "alignas", "alignof", "and", "asm", "auto", "bool", "break", "case", "catch", "char", "class",
    "const", "continue", "default", "delete", "do", "double", "else", "enum", "explicit", "export",
    "extern", "false", "float", "for", "friend", "goto", "if", "inline", "int", "long", "mutable",
    "namespace", "new", "not", "operator", "or", "private", "protected", "public", "register",
    "requires", "return", "shape", "arena", "slot", "short", "signed", "sizeof", "static", "struct",
    "switch", "template", "this", "throw", "true", "try", "typedef", "typename", "union",
    "unsigned", "using", "virtual", "void", "volatile", "while", "xor", "concept", "module",
    "import", "has", "make",
}
KINDS = {
    "structure": "structure", "list": "list", "map": "map", "string": "string",
    "character": "string", "integer": "integer", "long": "integer", "short": "integer",
    "byte": "integer", "float": "real", "double": "real", "bigdecimal": "real",
    "boolean": "boolean", "blob": "blob", "timestamp": "timestamp",
}
LOCATIONS = {
    None: "body", "header": "header", "headers": "header_prefix", "uri": "path",
    "querystring": "query", "statusCode": "status",
}
TIMESTAMPS = {"unixTimestamp": "epoch_seconds", "iso8601": "iso8601", "rfc822": "http_date"}
PROTOCOLS = {
    "json": None, "json-1.0": "json_1_0", "json-1.1": "json_1_1", "rest-json": "rest_json",
    "rest-xml": "rest_xml", "query": "query", "smithy-rpc-v2-cbor": "rpc_v2_cbor",
}


def snake(name):
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    name = re.sub(r"[^A-Za-z0-9_]", "_", name).lower()
    return re.sub(r"(?<![a-z0-9])e_tag(?![a-z0-9])", "etag", name)


def identifier(name):
    out = snake(name)
    return out + "_" if out in KEYWORDS or out[0].isdigit() else out


def type_name(name):
    out = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return out[0].upper() + out[1:]


def cpp_text(value):
    """A C++ string literal of any text."""
    out = ['"']
    for byte in value.encode():
        if byte in (0x22, 0x5C):
            out.append("\\" + chr(byte))
        elif 0x20 <= byte < 0x7F and byte != 0x3F:
            out.append(chr(byte))
        else:
            out.append("\\%03o" % byte)
    return "".join(out) + '"'


def merge(base, over):
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merge(base[key], value)
        elif value is None:
            base.pop(key, None)
        else:
            base[key] = value


class Model:
    def __init__(self, raw, operations):
        self.raw = raw
        self.shapes = raw["shapes"]
        # S3's model says it of the member that holds the body, newer ones of the shape.
        for member in [m for s in self.shapes.values() for m in s.get("members", {}).values()]:
            if member.get("streaming"):
                self.shapes[member["shape"]]["streaming"] = True
        self.operations = {name: raw["operations"][name] for name in sorted(operations)}
        self.names = sorted(self.reachable())
        self.index = {name: i for i, name in enumerate(self.names)}

    def references(self, name):
        shape = self.shapes[name]
        for member in shape.get("members", {}).values():
            yield member["shape"]
        for key in ("member", "key", "value"):
            if key in shape:
                yield shape[key]["shape"]

    def reachable(self):
        pending = []
        for operation in self.operations.values():
            for key in ("input", "output"):
                if key in operation:
                    pending.append(operation[key]["shape"])
            pending += [e["shape"] for e in operation.get("errors", [])]
        seen = set()
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                pending += self.references(name)
        return seen

    def errors(self):
        return [n for n in self.names if self.shapes[n].get("exception")]


# --- tables -----------------------------------------------------------------------------------


def constraints_of(model, name):
    shape = model.shapes[name]
    fields = []
    if "min" in shape:
        fields.append(f".min = {float(shape['min'])!r}")
    if "max" in shape:
        fields.append(f".max = {float(shape['max'])!r}")
    if "min" in shape:
        fields.append(".has_min = true")
    if "max" in shape:
        fields.append(".has_max = true")
    if "pattern" in shape:
        fields.append(f".pattern = {cpp_text(shape['pattern'])}")
    if shape.get("enum"):
        fields.append(f".enumeration = kEnum{model.index[name]}")
    return fields


def namespace_of(node):
    value = node.get("xmlNamespace")
    if isinstance(value, str):
        return value, ""
    return (value or {}).get("uri", ""), (value or {}).get("prefix", "")


def member_row(model, name, ref, required, default_name):
    shape = model.shapes[ref["shape"]]
    fields = [
        f".name = {cpp_text(name)}",
        f".wire_name = {cpp_text(ref.get('locationName', default_name))}",
        f".shape = &kShapes[{model.index[ref['shape']]}]",
    ]
    location = LOCATIONS[ref.get("location")]
    if location != "body":
        fields.append(f".location = Location::{location}")
    stamp = ref.get("timestampFormat")
    if stamp:
        fields.append(f".timestamp = TimestampFormat::{TIMESTAMPS[stamp]}")
    if required:
        fields.append(".required = true")
    if ref.get("flattened") or (shape.get("flattened") and shape["type"] in ("list", "map")):
        fields.append(".flattened = true")
    if ref.get("xmlAttribute"):
        fields.append(".xml_attribute = true")
    if ref.get("jsonvalue"):
        fields.append(".json_value = true")
    if ref.get("idempotencyToken"):
        fields.append(".idempotency_token = true")
    if ref.get("eventpayload"):
        fields.append(".event_payload = true")
    uri, prefix = namespace_of(ref) if "xmlNamespace" in ref else namespace_of(shape)
    if uri:
        fields.append(f".xml_namespace = {cpp_text(uri)}")
    if prefix:
        fields.append(f".xml_namespace_prefix = {cpp_text(prefix)}")
    return "{" + ", ".join(fields) + "}"


def members_of(model, name):
    """(member name, reference, required, default wire name) of every member, in model order."""
    shape = model.shapes[name]
    if shape["type"] == "structure":
        required = set(shape.get("required", []))
        return [(n, r, n in required, n) for n, r in shape.get("members", {}).items()]
    if shape["type"] == "list":
        return [("member", shape["member"], False, "member")]
    if shape["type"] == "map":
        return [("key", shape["key"], False, "key"), ("value", shape["value"], False, "value")]
    return []


def shape_row(model, name):
    shape = model.shapes[name]
    kind = "document" if shape.get("document") else KINDS[shape["type"]]
    fields = [f".name = {cpp_text(name)}", f".kind = Kind::{kind}"]
    members = members_of(model, name)
    if members:
        fields.append(f".members = kMembers{model.index[name]}")
    if constraints_of(model, name):
        fields.append(f".constraints = &kConstraints{model.index[name]}")
    if shape.get("payload"):
        fields.append(f".payload = {[m[0] for m in members].index(shape['payload'])}")
    if shape.get("timestampFormat"):
        fields.append(f".timestamp = TimestampFormat::{TIMESTAMPS[shape['timestampFormat']]}")
    if shape["type"] in ("integer", "float", "short", "byte"):
        fields.append(".is_32_bit = true")
    for key, field in (("union", "is_union"), ("exception", "is_error"),
                       ("eventstream", "is_event_stream"), ("streaming", "streaming"),
                       ("sensitive", "sensitive")):
        if shape.get(key):
            fields.append(f".{field} = true")
    if shape.get("locationName"):
        fields.append(f".xml_name = {cpp_text(shape['locationName'])}")
    uri, _ = namespace_of(shape)
    if uri:
        fields.append(f".xml_namespace = {cpp_text(uri)}")
    error = shape.get("error", {})
    if error.get("code"):
        fields.append(f".error_code = {cpp_text(error['code'])}")
    if error.get("httpStatusCode"):
        fields.append(f".http_status = {error['httpStatusCode']}")
    if shape.get("fault") or error.get("senderFault") is False:
        fields.append(".sender_fault = false")
    return "{" + ", ".join(fields) + "}"


def operation_row(model, name):
    operation = model.operations[name]
    http = operation.get("http", {})
    fields = [
        f".name = {cpp_text(name)}",
        f".method = {cpp_text(http.get('method', 'POST'))}",
        f".path = {cpp_text(http.get('requestUri', '/'))}",
    ]
    if http.get("responseCode", 200) != 200:
        fields.append(f".status = {http['responseCode']}")
    for key in ("input", "output"):
        if key in operation:
            fields.append(f".{key} = &kShapes[{model.index[operation[key]['shape']]}]")
    given = operation.get("input", {})
    if given.get("locationName"):
        fields.append(f".input_wrapper = {cpp_text(given['locationName'])}")
    if namespace_of(given)[0]:
        fields.append(f".input_namespace = {cpp_text(namespace_of(given)[0])}")
    if operation.get("output", {}).get("resultWrapper"):
        fields.append(f".output_wrapper = {cpp_text(operation['output']['resultWrapper'])}")
    if operation.get("errors"):
        fields.append(f".errors = kErrorsOf{list(model.operations).index(name)}")
    if operation.get("authtype") == "none":
        fields.append(".unauthenticated = true")
    return "{" + ", ".join(fields) + "}"


def service_row(model, service):
    meta = model.raw["metadata"]
    names = meta.get("protocols") or [meta["protocol"]]
    version = meta.get("jsonVersion", "1.1")
    protocols = []
    for name in names:
        protocols.append(PROTOCOLS[name] or ("json_1_0" if version == "1.0" else "json_1_1"))
    values = {
        "name": service, "sdk_id": meta.get("serviceId", service),
        "full_name": meta.get("serviceFullName", service),
        "signing_name": meta.get("signingName", meta["endpointPrefix"]),
        "endpoint_prefix": meta["endpointPrefix"],
        "target_prefix": meta.get("targetPrefix", ""),
        "api_version": meta["apiVersion"], "xml_namespace": namespace_of(meta)[0],
    }
    fields = [f".{k} = {cpp_text(v)}" for k, v in values.items()]
    if meta.get("globalEndpoint") or meta.get("millraceGlobal"):
        fields.append(".global = true")
    if "awsQueryCompatible" in meta:
        fields.append(".query_compatible = true")
    fields += [".protocols = kProtocols", ".operations = kOperations",
               ".all_operations = kAllOperations", ".errors = kErrors"]
    return protocols, "{" + ", ".join(fields) + "}"


def array(kind, name, rows):
    if not rows:
        element = kind if kind.startswith("const") else f"const {kind}"
        return f"constexpr std::span<{element}> {name};\n"
    return f"constexpr {kind} {name}[] = {{\n  " + ",\n  ".join(rows) + "};\n"


def write_tables(model, service):
    out = [f'#include "api/{service}.h"\n\nnamespace millrace::{service}::tables {{\n',
           "namespace {\nusing namespace ::millrace::wire;\n"]
    for name in model.names:
        i = model.index[name]
        enum = model.shapes[name].get("enum")
        if enum:
            out.append(array("std::string_view", f"kEnum{i}", [cpp_text(v) for v in enum]))
        fields = constraints_of(model, name)
        if fields:
            out.append(f"constexpr Constraints kConstraints{i} = {{{', '.join(fields)}}};\n")
        members = members_of(model, name)
        if members:
            out.append(array("Member", f"kMembers{i}", [member_row(model, *m) for m in members]))
    out.append("}  // namespace\n")
    out.append(f"constinit const wire::Shape kShapes[{max(1, len(model.names))}] = {{\n  ")
    out.append(",\n  ".join(shape_row(model, n) for n in model.names) + "};\n\nnamespace {\n")
    for i, operation in enumerate(model.operations.values()):
        errors = [f"&kShapes[{model.index[e['shape']]}]" for e in operation.get("errors", [])]
        if errors:
            out.append(array("const Shape* const", f"kErrorsOf{i}", errors))
    out.append(array("Operation", "kOperations",
                     [operation_row(model, n) for n in model.operations]))
    everything = []
    for name in sorted(model.raw["operations"]):
        http = model.raw["operations"][name].get("http", {})
        everything.append("{%s, %s, %s}" % (cpp_text(name), cpp_text(http.get("method", "POST")),
                                            cpp_text(http.get("requestUri", "/"))))
    out.append(array("OperationName", "kAllOperations", everything))
    out.append(array("const Shape* const", "kErrors",
                     [f"&kShapes[{model.index[n]}]" for n in model.errors()]))
    protocols, row = service_row(model, service)
    out.append(array("Protocol", "kProtocols", [f"Protocol::{p}" for p in protocols]))
    out.append(f"}}  // namespace\n\nconstinit const wire::Service kService = {row};\n")
    out.append(f"\n}}  // namespace millrace::{service}::tables\n")
    return "".join(out)


# --- views ------------------------------------------------------------------------------------

SCALARS = {
    "string": ("std::string_view", "text"), "character": ("std::string_view", "text"),
    "blob": ("std::string_view", "text"), "integer": ("int64_t", "integer"),
    "long": ("int64_t", "integer"), "short": ("int64_t", "integer"), "byte": ("int64_t", "integer"),
    "float": ("double", "real"), "double": ("double", "real"), "bigdecimal": ("double", "real"),
    "boolean": ("bool", "bool"), "timestamp": ("Time", "time"),
}


def cpp_type(model, name):
    shape = model.shapes[name]
    if shape.get("document"):
        return "std::string_view"
    if shape["type"] == "structure":
        return type_name(name)
    if shape["type"] == "list":
        return f"wire::List<{cpp_type(model, shape['member']['shape'])}>"
    if shape["type"] == "map":
        return f"wire::Map<{cpp_type(model, shape['value']['shape'])}>"
    return SCALARS[shape["type"]][0]


def accessors(model, i, name, ref, owner, later):
    shape = model.shapes[ref["shape"]]
    kind = cpp_type(model, ref["shape"])
    field = identifier(name)
    lines = [f"bool has_{field.rstrip('_')}() const {{ return has({i}); }}"]
    setter = f"set_{field.rstrip('_')}"
    if shape.get("document") or shape["type"] in SCALARS:
        access = "text" if shape.get("document") else SCALARS[shape["type"]][1]
        lines.append(f"{kind} {field}({kind} otherwise = {{}}) const "
                     f"{{ return get_{access}({i}, otherwise); }}")
        store = {"text": f"set_text({i}, v)",
                 "integer": f"slots_[{i}] = wire::Value::of_integer(v)",
                 "real": f"slots_[{i}] = wire::Value::of_real(v)",
                 "bool": f"slots_[{i}] = wire::Value::of_bool(v)",
                 "time": f"slots_[{i}] = wire::Value::of_time(v)"}[access]
        target = "View::set_text" if access == "text" else None
        if target:
            store = f"{target}({i}, v)"
        lines.append(f"void {setter}({kind} v) const {{ {store}; }}")
    elif shape["type"] == "structure":
        lines.append(f"{kind} {field}() const;")
        lines.append(f"{kind} make_{field.rstrip('_')}() const;")
        lines.append(f"void {setter}(const View& v) const {{ slots_[{i}] = v.as_value(); }}")
        later.append(f"inline {kind} {owner}::{field}() const {{ return has({i}) ? "
                     f"{kind}(slots_[{i}].items, *arena_) : {kind}(); }}")
        later.append(f"inline {kind} {owner}::make_{field.rstrip('_')}() const {{ return "
                     f"{kind}(View::make({i}).items, *arena_); }}")
    else:
        lines.append(f"{kind} {field}() const {{ return has({i}) ? {kind}(*shape_->members[{i}]"
                     f".shape, slots_[{i}], *arena_) : {kind}(); }}")
        lines.append(f"{kind} make_{field.rstrip('_')}() const {{ return {kind}("
                     f"*shape_->members[{i}].shape, View::make({i}), *arena_); }}")
    return lines


def write_view(model, name, later):
    owner = type_name(name)
    out = [f"struct {owner} : wire::View {{",
           f"  static constexpr const wire::Shape& kShape = tables::kShapes[{model.index[name]}];",
           f"  {owner}() = default;",
           f"  {owner}(wire::Value* slots, Arena& arena) : View(kShape, slots, arena) {{}}"]
    for i, (member, ref, _, _) in enumerate(members_of(model, name)):
        out += ["  " + line for line in accessors(model, i, member, ref, owner, later)]
    return "\n".join(out) + "\n};\n"


def error_factories(model):
    kinds = {404: "not_found", 409: "conflict", 403: "denied", 412: "precondition_failed",
             429: "exhausted", 501: "unsupported"}
    out, seen = [], set()
    for name in model.errors():
        shape = model.shapes[name]
        error = shape.get("error", {})
        status = error.get("httpStatusCode") or (500 if shape.get("fault") else 400)
        code = error.get("code") or name
        kind = kinds.get(status, "internal" if status >= 500 else "invalid")
        function = identifier(re.sub(r"(Exception|Fault|Error)$", "", name) or name)
        if function in seen:
            function = identifier(name)
        seen.add(function)
        out.append(f"inline Error {function}(std::string message) {{ return Error{{ErrorKind::"
                   f"{kind}, std::move(message), {cpp_text(code)}, {status}}}; }}")
    return out


def write_header(model, service, struct, tables_only):
    out = ["#pragma once\n\n#include <string>\n#include <string_view>\n#include <utility>\n\n",
           '#include "runtime/task.h"\n' if not tables_only else "",
           '#include "wire/model/errors.h"\n' if not tables_only else "",
           '#include "wire/model/value.h"\n\n']
    if not tables_only:
        out.append("namespace millrace::wire {\nstruct Call;\nstruct Bound;\n}\n\n")
    out.append(f"namespace millrace::{service} {{\n\nnamespace tables {{\n"
               f"extern const wire::Shape kShapes[{max(1, len(model.names))}];\n"
               "extern const wire::Service kService;\n}  // namespace tables\n\n"
               "namespace api {\n\n")
    structures = [n for n in model.names
                  if model.shapes[n]["type"] == "structure" and not model.shapes[n].get("document")]
    later = []
    out += [f"struct {type_name(n)};\n" for n in structures]
    out.append("\n")
    out += [write_view(model, n, later) for n in structures]
    out.append("\n" + "\n".join(later) + "\n\n}  // namespace api\n\n")
    if tables_only:
        return "".join(out) + f"}}  // namespace millrace::{service}\n"
    out.append("namespace errors {\nusing namespace ::millrace::wire::errors;\n")
    out.append("\n".join(error_factories(model)) + "\n}  // namespace errors\n\n")
    out.append(f"struct {struct};\n\n")
    top = set()
    for operation in model.operations.values():
        top |= {operation[k]["shape"] for k in ("input", "output") if k in operation}
    out += [f"using api::{type_name(n)};\n" for n in sorted(top)]
    out.append("\n")
    for name, operation in model.operations.items():
        answer = type_name(operation["output"]["shape"]) if "output" in operation else "void"
        given = f", {type_name(operation['input']['shape'])} in" if "input" in operation else ""
        out.append(f"Task<{answer}> {identifier(name)}({struct}&, wire::Call& call{given});\n")
    out.append("\n// The operations above, ready for the router; "
               "`service` outlives what it gives.\n"
               f"wire::Bound bind({struct}& service);\n\n}}  // namespace millrace::{service}\n")
    return "".join(out)


def write_dispatch(model, service, struct):
    rows = []
    for name, operation in model.operations.items():
        given = type_name(operation["input"]["shape"]) if "input" in operation else "void"
        answer = type_name(operation["output"]["shape"]) if "output" in operation else "void"
        rows.append(f"&wire::serve<{struct}, {given}, {answer}, &{identifier(name)}>")
    return (f'#include "api/{service}.h"\n#include "wire/pipeline/bound.h"\n\n'
            f"namespace millrace::{service} {{\nnamespace {{\n"
            f"constexpr wire::Handler kHandlers[] = {{\n  " + ",\n  ".join(rows) + "};\n"
            f"}}  // namespace\n\nwire::Bound bind({struct}& service) {{\n"
            f"  return {{&tables::kService, &service, kHandlers}};\n}}\n\n"
            f"}}  // namespace millrace::{service}\n")


def read_operations(path, raw):
    listed = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
    listed = [line for line in listed if line]
    unknown = [name for name in listed if name not in raw["operations"]]
    if unknown:
        sys.exit(f"{path}: the model has no operation {', '.join(unknown)}")
    return listed


def write_if_changed(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != content:
        path.write_text(content)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--service", required=True, help="our folder and namespace: sts")
    parser.add_argument("--struct", help="the service's C++ struct: Sts")
    parser.add_argument("--model", required=True, type=pathlib.Path, help="service-2.json[.gz]")
    parser.add_argument("--overlay", type=pathlib.Path, help="corrections, merged over the model")
    parser.add_argument("--operations", type=pathlib.Path, help="operations.list; default: all")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--tables-only", action="store_true", help="no operations, no dispatch")
    args = parser.parse_args()
    data = args.model.read_bytes()
    raw = json.loads(gzip.decompress(data) if args.model.suffix == ".gz" else data)
    if args.overlay and args.overlay.exists():
        merge(raw, json.loads(args.overlay.read_text()))
    listed = read_operations(args.operations, raw) if args.operations else list(raw["operations"])
    model = Model(raw, listed)
    struct = args.struct or type_name(args.service)
    api = args.out / "api"
    write_if_changed(api / f"{args.service}.h",
                     write_header(model, args.service, struct, args.tables_only))
    write_if_changed(api / f"{args.service}_tables.cc", write_tables(model, args.service))
    if not args.tables_only:
        write_if_changed(api / f"{args.service}_dispatch.cc",
                         write_dispatch(model, args.service, struct))


if __name__ == "__main__":
    main()
