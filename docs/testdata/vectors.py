"""Plays proto/vectors/frames.txt to the replica of docs/examples/walkers.py.

Usage: vectors.py WALKERS.PY FRAMES.TXT
"""
import copy, importlib.util, json, struct, sys

spec = importlib.util.spec_from_file_location("walkers", sys.argv[1])
walkers = importlib.util.module_from_spec(spec)
spec.loader.exec_module(walkers)
pb = walkers.pb


def shown(f, v):
    """A value as the file has it."""
    if f.kind == pb.KIND_FLOAT:
        return f"{struct.unpack('<I', struct.pack('<f', v))[0]:08x}"
    if f.kind == pb.KIND_DOUBLE:
        return f"{struct.unpack('<Q', struct.pack('<d', v))[0]:016x}"
    if f.kind in (pb.KIND_INT64, pb.KIND_UINT64):
        return str(v)
    return v.hex() if f.kind == pb.KIND_BYTES else v


def held(replica):
    rows = {}
    for (component, entity), row in replica.rows.items():
        c = replica.components[component]
        one = walkers.Replica.__new__(walkers.Replica)
        one.components, one.rows = replica.components, {(component, entity): row}
        values = {}
        for f in c.fields:
            if v := row.get(f.number):
                values[f.name] = [shown(f, x) for x in v] if f.repeated else shown(f, v)
        rows[f"{c.name} {entity} {one.hash():016x}"] = values
    return rows


def check(name, replica, hex, lines):
    refused = [v for k, v in lines if k == "refused"]
    mine = copy.copy(replica)
    mine.rows = {k: dict(r) for k, r in replica.rows.items()}
    try:
        f = pb.ServerFrame.FromString(bytes.fromhex(hex))
        if f.tick:
            mine.apply(f)
    except Exception as e:
        assert refused, f"{name}: refused: {e!r}"
        return replica
    assert not refused, f"{name}: it was taken, though {refused[0]}"
    want = {}
    for k, v in lines:
        if k == "row":
            component, entity, hash, values = v.split(" ", 3)
            want[f"{component} {entity} {hash}"] = json.loads(values)
        elif k == "tick":
            assert int(v) == mine.tick, f"{name}: tick {mine.tick}, want {v}"
        elif k == "state_hash":
            assert v == f"{mine.hash():016x}", f"{name}: hash {mine.hash():016x}, want {v}"
    assert held(mine) == want, f"{name}:\n  is   {held(mine)}\n  want {want}"
    return mine


count = 0
for part in open(sys.argv[2], encoding="utf-8").read().split("sequence: ")[1:]:
    schema, replica = pb.Schema(), None
    head, *frames = part.split("frame: ")
    for line in head.splitlines():
        key, _, value = line.partition(": ")
        if key == "component":
            id, name = value.split()
            schema.components.add(id=int(id), name=name)
        elif key == "field":
            number, name, kind, *options = value.split()
            f = schema.components[-1].fields.add(number=int(number), name=name, kind="KIND_" + kind.upper())
            for o in options:
                k, _, v = o.partition("=")
                setattr(f, k, True if not v else float(v) if k in ("step", "min", "max") else int(v))
    replica = walkers.Replica(schema)
    for frame in frames:
        name, *rest = frame.splitlines()
        lines = [l.partition(": ")[::2] for l in rest if l]
        if any(k == "client" for k, _ in lines):
            continue
        replica = check(name, replica, "".join(v.partition("#")[0] for k, v in lines if k == "hex"), lines)
        count += 1
print(count, "frames")
