package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Binary;

/// y = a + b. da = dy, db = dy.
public final class Add {
    private Add() {}

    public static Tensor add(Tensor a, Tensor b) {
        Tensor y = Raw.binary(Binary.ADD, a, b);
        return Tape.record("add", y, Tape.edge(a, dy -> dy), Tape.edge(b, dy -> dy));
    }
}
