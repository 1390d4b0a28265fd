#!/usr/bin/python3
"""A client of a walkers room in Python, written from docs/protocol.md alone.
Debian: apt-get install protobuf-compiler python3-protobuf python3-websockets
Run:    docs/examples/walkers.py [ws://127.0.0.1:7777/ws [seconds [danmaku]]]

It joins, walks in circles, prints where everybody is once a second, and checks with the state hash that
it holds exactly what the server says it should. In a danmaku room it prints comments, and the rows there.
"""
import asyncio, importlib, math, pathlib, struct, subprocess, sys, tempfile
import websockets

# The message classes are made from the .proto files when the program starts.
protos = pathlib.Path(__file__).resolve().parents[2] / "proto"
with tempfile.TemporaryDirectory() as out:
    files = [f"tickroom/{name}.proto" for name in ("v1/frame", "v1/options", "danmaku/v1/danmaku")]
    subprocess.run(["protoc", f"-I{protos}", f"--python_out={out}", *files], check=True)
    sys.path.insert(0, out)
    pb, danmaku = (importlib.import_module(f"tickroom.{m}_pb2") for m in ("v1.frame", "danmaku.v1.danmaku"))

M = 0xFFFFFFFF
unzigzag = lambda u: (u >> 1) ^ -(u & 1)


class Replica:
    """What the client holds: values by field number, by (component, entity)."""
    def __init__(self, schema):
        self.tick, self.rows = 0, {}
        self.components = {c.id: c for c in schema.components}

    def apply(self, f):
        if f.full:
            self.rows.clear()
        elif f.tick - 1 - f.skip != self.tick:
            raise ValueError(f"snapshot {f.tick} builds on {f.tick - 1 - f.skip}, I am at {self.tick}")
        gone = set(f.removed)
        self.rows = {k: r for k, r in self.rows.items() if k[1] not in gone}
        for t in f.set:
            for entity in t.removed:
                self.rows.pop((t.component, entity), None)
        for t, delta in [(t, False) for t in f.set] + [(t, True) for t in f.delta]:
            self.table(t, delta)
        self.tick = f.tick

    def table(self, t, delta):
        comp = self.components[t.component]
        wide = iter(t.wide)
        side = {pb.KIND_INT64: wide, pb.KIND_UINT64: wide, pb.KIND_FLOAT: iter(t.floats),
                pb.KIND_DOUBLE: iter(t.doubles), pb.KIND_STRING: iter(t.strings), pb.KIND_BYTES: iter(t.blobs)}
        for source, own in ((iter(t.rows), False), (iter(t.mixed), True)):
            for first in source:
                mask = first if own else t.mask | t.mask_high << 32
                entity = next(source) if own else first
                assert not mask & ~sum(1 << f.number - 1 for f in comp.fields), "a field that is not in the schema"
                key = (t.component, entity)
                if delta and key not in self.rows:
                    raise ValueError(f"a difference for {key}, which is not there")
                row = self.rows.setdefault(key, {})
                for f in (f for f in comp.fields if mask >> (f.number - 1) & 1):
                    take = side.get(f.kind, source)
                    if f.repeated:
                        row[f.number] = [self.value(f, next(take), 0, False) for _ in range(next(source))]
                    else:
                        row[f.number] = self.value(f, next(take), row.get(f.number, 0), delta)
        if any(list(i) for i in side.values()): raise ValueError("values are left over")

    @staticmethod
    def value(f, v, old, delta):
        if f.kind in (pb.KIND_FLOAT, pb.KIND_DOUBLE, pb.KIND_STRING, pb.KIND_BYTES, pb.KIND_BOOL):
            return v
        if f.kind in (pb.KIND_INT64, pb.KIND_UINT64):
            v = v + old * delta & (1 << 64) - 1
            return v - (1 << 64) if f.kind == pb.KIND_INT64 and v >> 63 else v
        ranged = f.wrap_steps or f.max > f.min
        signed = f.kind in (pb.KIND_INT, pb.KIND_ENUM) or f.kind == pb.KIND_QUANTISED and not ranged
        if not delta:
            return unzigzag(v) if signed else v
        if f.wrap_steps:
            return (old + unzigzag(v)) % f.wrap_steps
        v = old + unzigzag(v) & M
        return v - (1 << 32) if signed and v >> 31 else v

    def hash(self, low=0, high=0):
        for (component, entity), row in self.rows.items():
            words = [component, entity]
            for f in self.components[component].fields:
                v = row.get(f.number)
                words += [f.number] if v else []
                for x in (v if f.repeated else [v]) if v else []:
                    words += self.words(f.kind, x)
            low, high = low + murmur(0x9747B28C, words), high + murmur(0x1B873593, words)
        return (high & M) << 32 | low & M

    @staticmethod
    def words(kind, v):
        if kind in (pb.KIND_STRING, pb.KIND_BYTES):
            b = v.encode() if kind == pb.KIND_STRING else v
            return [len(b), *struct.unpack(f"<{(len(b) + 3) // 4}I", b + bytes(-len(b) % 4))]
        if kind == pb.KIND_FLOAT:
            return struct.unpack("<I", struct.pack("<f", v))
        if kind == pb.KIND_DOUBLE:
            return struct.unpack("<2I", struct.pack("<d", v))
        return [v & M, v >> 32 & M] if kind in (pb.KIND_INT64, pb.KIND_UINT64) else [v & M]


def murmur(h, words):
    rotl = lambda x, n: (x << n | x >> (32 - n)) & M
    for w in words:
        h ^= rotl(w * 0xCC9E2D51 & M, 15) * 0x1B873593 & M
        h = rotl(h, 13) * 5 + 0xE6546B64 & M
    h ^= 4 * len(words)
    h = (h ^ h >> 16) * 0x85EBCA6B & M
    h = (h ^ h >> 13) * 0xC2B2AE35 & M
    return h ^ h >> 16


def show(replica):
    for (component, entity), row in sorted(replica.rows.items()):
        c = replica.components[component]  # step and min are 0 if there is no quantisation
        values = ((f, row.get(f.number, 0)) for f in c.fields)
        values = [f"{f.name}={f.min + v * f.step if f.step else v}" for f, v in values]
        print(f"tick {replica.tick} {c.name.split('.')[-1].lower()} {entity}", *values, flush=True)


async def play(url, seconds, kind):
    async with websockets.connect(url, subprotocols=["tickroom.v1"], max_size=8 << 20) as ws:
        await ws.send(pb.ClientFrame(hello=pb.Hello(version=1, kind=kind, name="Python", hash_every=20)).SerializeToString())
        replica, seq, end = None, 0, None
        async for message in ws:
            f = pb.ServerFrame.FromString(message)
            if f.HasField("welcome"):
                replica, end = Replica(f.welcome.schema), f.welcome.tick + seconds * f.welcome.tick_rate
                print(f"room {f.welcome.room} player {f.welcome.player}", flush=True)
            if not f.tick: continue
            replica.apply(f)
            if f.HasField("hash"):
                if f.hash != replica.hash():
                    raise ValueError(f"tick {f.tick}: hash {replica.hash():016x}, the server has {f.hash:016x}")
                show(replica)
            for c in (danmaku.Comment.FromString(e.data) for e in f.events if kind == "danmaku" and e.event == 1):
                print(f"tick {f.tick} comment {c.name}: {c.text}", flush=True)
            if f.tick >= end: return
            seq += 1
            move = b"\x0d" + struct.pack("<f", seq / 20 % math.tau)  # a WalkerInput: field 1, direction, a float
            inputs = [pb.Input(seq=seq, data=move)] * (kind == "walkers")
            await ws.send(pb.ClientFrame(ack=f.tick, inputs=inputs).SerializeToString())


if __name__ == "__main__":
    args = sys.argv[1:] + ["ws://127.0.0.1:7777/ws", "10", "walkers"][len(sys.argv) - 1:]
    asyncio.run(play(args[0], float(args[1]), args[2]))
