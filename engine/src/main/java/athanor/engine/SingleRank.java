package athanor.engine;

import java.util.List;

/// A training in one process.
final class SingleRank implements Communicator {
    static final Communicator INSTANCE = new SingleRank();

    private static final Work DONE = () -> {};

    private SingleRank() {}

    @Override
    public String name() {
        return "single";
    }

    @Override
    public int rank() {
        return 0;
    }

    @Override
    public int size() {
        return 1;
    }

    @Override
    public Work allReduce(List<Tensor> tensors) {
        return DONE;
    }

    @Override
    public Work broadcast(List<Tensor> tensors) {
        return DONE;
    }

    @Override
    public void barrier() {
        // Nobody to wait for.
    }

    @Override
    public void abort(int code) {
        // Nobody to end.
    }

    @Override
    public void close() {
        // Nothing is open.
    }
}
