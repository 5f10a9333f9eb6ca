package athanor.train.distributed;

import athanor.engine.Backend;
import athanor.engine.Communicator;
import athanor.engine.DType;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.backend.Cuda;
import java.util.List;

/// Joins by the stand-in for NCCL, on a simulated GPU, and exchanges a few tensors. Rank 0 of 2;
/// the other one is not there.
final class NcclProgram {
    private NcclProgram() {}

    /// A rank 0 whose host side sends nothing.
    private static final class Half implements Communicator {
        @Override
        public String name() {
            return "half";
        }

        @Override
        public int rank() {
            return 0;
        }

        @Override
        public int size() {
            return 2;
        }

        @Override
        public Work allReduce(List<Tensor> tensors) {
            System.out.println("host sums " + tensors.getFirst().size());
            return () -> {};
        }

        @Override
        public Work broadcast(List<Tensor> tensors) {
            System.out.println("host sends " + tensors.getFirst().size());
            return () -> {};
        }

        @Override
        public void barrier() {
            System.out.println("host waits");
        }

        @Override
        public void abort(int code) {
            System.out.println("host aborts " + code);
        }

        @Override
        public void close() {
            System.out.println("host closed");
        }
    }

    public static void main(String[] args) {
        try {
            exchange(Cuda.of("cuda-sim"));
        } catch (CommunicatorProblem e) {
            System.out.println(e.getMessage());
        }
    }

    private static void exchange(Cuda gpu) {
        System.out.println("version " + new NcclLibrary().version());
        Communicator ranks = Nccl.open(new Half(), gpu);
        System.out.println(ranks.name() + " " + ranks.rank() + " of " + ranks.size());
        Tensor a = Tensor.full(gpu, DType.FLOAT32, Shape.of(3, 5), 2);
        Tensor b = Tensor.full(gpu, DType.FLOAT32, Shape.of(7), 3);
        Communicator.Work work = ranks.allReduce(List.of(a, b));
        a.add(a);
        work.await();
        System.out.println("still there " + b.toDoubles()[6]);
        ranks.broadcast(List.of(b)).await();
        ranks.sum(1, 2, 3);
        ranks.broadcast(List.of(Tensor.zeros(Backend.cpu(), DType.FLOAT32, Shape.of(4)))).await();
        ranks.barrier();
        ranks.abort(7);
        ranks.close();
    }
}
