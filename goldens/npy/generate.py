"""Arrays as NumPy writes them, with their values as text. Run in this folder: python generate.py"""

import json

import numpy as np

rng = np.random.default_rng(20240601)
base = np.round(rng.normal(size=(4, 3)), 3)
counts = rng.integers(-100, 100, size=(4, 3))

arrays = {
    "f8_c.npy": base,
    "f8_fortran.npy": np.asfortranarray(base),
    "f8_big_endian.npy": base.astype(">f8"),
    "f4_c.npy": base.astype("<f4"),
    "i8_c.npy": counts.astype("<i8"),
    "i4_fortran.npy": np.asfortranarray(counts.astype("<i4")),
    "i2_c.npy": counts.astype("<i2"),
    "i1_c.npy": counts.astype("i1"),
    "u1_c.npy": np.abs(counts).astype("u1"),
    "u2_big_endian.npy": np.abs(counts).astype(">u2"),
    "bool_c.npy": counts > 0,
    "vector.npy": base[:, 0].copy(),
    "cube.npy": np.arange(24, dtype="<f8").reshape(4, 2, 3),
    "cube_fortran.npy": np.asfortranarray(np.arange(24, dtype="<f8").reshape(4, 2, 3)),
}
expected = {}
for name, array in arrays.items():
    np.save(name, array)
    flat = np.ascontiguousarray(array).reshape(array.shape[0], -1).astype(float)
    expected[name] = {"shape": list(flat.shape), "values": flat.ravel().tolist()}

# version 2.0 of the format: a header longer than 65,535 bytes is not needed to ask for it
with open("f8_version2.npy", "wb") as out:
    np.lib.format.write_array(out, base, version=(2, 0))
expected["f8_version2.npy"] = expected["f8_c.npy"]

np.save("complex.npy", base.astype(complex))
np.save("structure.npy", np.zeros(2, dtype=[("a", "f8"), ("b", "i4")]))
np.save("object.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)

labels = np.array(["α", "beta", "", "delta"])
tables = dict(
    x=base,
    env=np.array(["none", "pma", "none", "pma"]),
    target=np.array(["", "raf", "", "raf"]),
    u=np.arange(8.0).reshape(4, 2),
    labels=labels,
    z=counts[:, :2].astype(float),
    names=np.array([b"raf", b"mek", b"erk"]),
)
np.savez("table.npz", **tables)
np.savez_compressed("table_compressed.npz", **tables)
np.savez("numbered_env.npz", x=base, env=np.array([0, 0, 1, 1]))
np.savez("without_x.npz", y=base)
np.savez("short_env.npz", x=base, env=np.array(["a", "b"]))
expected["table.npz"] = {"x": base.ravel().tolist(), "z": tables["z"].ravel().tolist(), "labels": labels.tolist()}

with open("expected.json", "w") as out:
    json.dump(expected, out, indent=1, ensure_ascii=False)
    out.write("\n")
