package athanor.train;

import athanor.engine.Communicator;
import athanor.engine.HostBuffer;
import athanor.engine.Tensor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Ranks that are threads of one JVM: what is tested is who sends what and when, not how it
/// travels.
final class ThreadRanks {
    private final CyclicBarrier barrier;
    private final double[][] sent;

    private ThreadRanks(int size) {
        barrier = new CyclicBarrier(size);
        sent = new double[size][];
    }

    /// What the body returns on each of the ranks.
    static <T> List<T> run(int size, Function<Communicator, T> body) {
        ThreadRanks ranks = new ThreadRanks(size);
        List<@Nullable T> results = new ArrayList<>();
        Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        List<Thread> threads = new ArrayList<>();
        for (int r = 0; r < size; r++) {
            results.add(null);
            int rank = r;
            threads.add(
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        try {
                                            T result = body.apply(ranks.new Rank(rank, size));
                                            synchronized (results) {
                                                results.set(rank, result);
                                            }
                                        } catch (Throwable e) {
                                            failures.add(e);
                                        }
                                    }));
        }
        for (Thread thread : threads) {
            while (!hasEnded(thread)) {
                if (!failures.isEmpty()) {
                    ranks.barrier.reset(); // Those who wait for one that has failed.
                }
            }
        }
        for (Throwable failure : failures) {
            if (!(failure instanceof AbandonedException)) {
                throw failure instanceof RuntimeException e
                        ? e
                        : new IllegalStateException(failure);
            }
        }
        return results.stream().<T>map(java.util.Objects::requireNonNull).toList();
    }

    private static boolean hasEnded(Thread thread) {
        try {
            return thread.join(Duration.ofMillis(20));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class AbandonedException extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private void meet() {
        try {
            barrier.await();
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new AbandonedException();
        }
    }

    private final class Rank implements Communicator {
        private final int rank;
        private final int size;

        Rank(int rank, int size) {
            this.rank = rank;
            this.size = size;
        }

        @Override
        public String name() {
            return "threads";
        }

        @Override
        public int rank() {
            return rank;
        }

        @Override
        public int size() {
            return size;
        }

        @Override
        public Work allReduce(List<Tensor> tensors) {
            tensors.forEach(tensor -> exchange(tensor, size));
            return () -> {};
        }

        @Override
        public Work broadcast(List<Tensor> tensors) {
            tensors.forEach(tensor -> exchange(tensor, 1));
            return () -> {};
        }

        /// Each element becomes the sum of those of the first `terms` ranks.
        private void exchange(Tensor tensor, int terms) {
            sent[rank] = tensor.toDoubles();
            meet();
            HostBuffer sums = (HostBuffer) tensor.buffer();
            for (int i = 0; i < tensor.size(); i++) {
                double sum = 0;
                for (int r = 0; r < terms; r++) {
                    sum += sent[r][i];
                }
                sums.set(i, sum);
            }
            meet();
        }

        @Override
        public void barrier() {
            meet();
        }

        @Override
        public void abort(int code) {
            barrier.reset();
        }

        @Override
        public void close() {
            // Nothing is open.
        }
    }
}
