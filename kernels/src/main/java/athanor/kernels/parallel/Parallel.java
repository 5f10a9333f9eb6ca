package athanor.kernels.parallel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// The threads that kernels run on. Work is cut into pieces whose borders depend on its size alone;
/// threads take the next piece when they are free. As no piece sees another's results, the bits are
/// the same for any number of threads.
public final class Parallel {
    /// A piece of the work: the numbers from (inclusive) to (exclusive).
    @FunctionalInterface
    public interface Range {
        void run(int from, int to);
    }

    private static final int SMALL_PIECE = 16_384;

    private static volatile Parallel pool =
            new Parallel(Runtime.getRuntime().availableProcessors());

    private final int threads;
    private final Thread[] helpers;
    private volatile @Nullable Job job;
    private volatile boolean stopped;

    private Parallel(int threads) {
        this.threads = threads;
        helpers = new Thread[threads - 1];
        for (int i = 0; i < helpers.length; i++) {
            helpers[i] =
                    Thread.ofPlatform().daemon().name("athanor-" + (i + 1)).unstarted(this::help);
        }
        for (Thread helper : helpers) {
            helper.start();
        }
    }

    public static int threads() {
        return pool.threads;
    }

    /// Uses that many threads from now on, the caller among them. Not to be called while kernels
    /// run.
    public static synchronized void threads(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads: " + threads + " given, at least 1 needed");
        }
        if (threads != pool.threads) {
            Parallel old = pool;
            pool = new Parallel(threads);
            old.stop();
        }
    }

    /// Runs the body over 0..size in pieces of `piece` numbers (the last may be shorter) and
    /// returns when all are done.
    public static void range(int size, int piece, Range body) {
        int pieces = (int) (((long) size + piece - 1) / piece);
        Parallel current = pool;
        if (pieces <= 1 || current.threads == 1 || current.isWorking(Thread.currentThread())) {
            for (int i = 0; i < pieces; i++) {
                body.run(i * piece, (int) Math.min(size, (i + 1L) * piece));
            }
            return;
        }
        current.run(new Job(size, piece, pieces, body, Thread.currentThread()));
    }

    /// A piece of one of several works: the numbers from (inclusive) to (exclusive) of the work.
    @FunctionalInterface
    public interface Ranges {
        void run(int work, int from, int to);
    }

    /// Runs the body over 0..sizes[i] for each i, all in one pass, so that many small works cost as
    /// little as one large one.
    public static void ranges(int[] sizes, Ranges body) {
        int[] firstPiece = new int[sizes.length + 1];
        for (int i = 0; i < sizes.length; i++) {
            firstPiece[i + 1] = firstPiece[i] + Math.ceilDiv(sizes[i], SMALL_PIECE);
        }
        int pieces = firstPiece[sizes.length];
        range(
                pieces,
                Math.max(1, Math.ceilDiv(pieces, 64)),
                (from, to) -> {
                    int work = 0;
                    for (int piece = from; piece < to; piece++) {
                        while (firstPiece[work + 1] <= piece) {
                            work++;
                        }
                        int begin = (piece - firstPiece[work]) * SMALL_PIECE;
                        body.run(work, begin, Math.min(sizes[work], begin + SMALL_PIECE));
                    }
                });
    }

    /// The number of elements worth a piece of their own in a loop that does little to each.
    public static int pieceOf(int size) {
        return Math.max(SMALL_PIECE, (size / 64 + 63) & -64);
    }

    /// Whether the thread is inside a piece: what it splits further, it does alone.
    private boolean isWorking(Thread thread) {
        Job current = job;
        if (current != null && current.caller == thread) {
            return true;
        }
        for (Thread helper : helpers) {
            if (helper == thread) {
                return true;
            }
        }
        return false;
    }

    private synchronized void run(Job next) {
        job = next;
        for (int i = 0; i < Math.min(helpers.length, next.pieces - 1); i++) {
            LockSupport.unpark(helpers[i]);
        }
        next.work();
        next.await();
        job = null;
        next.rethrow();
    }

    private void help() {
        while (!stopped) {
            Job current = job;
            if (current == null || !current.work()) {
                LockSupport.park(this);
            }
        }
    }

    private void stop() {
        stopped = true;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
    }

    private static final class Job {
        final int size;
        final int piece;
        final int pieces;
        final Range body;
        final Thread caller;
        final AtomicInteger next = new AtomicInteger();
        final AtomicInteger done = new AtomicInteger();
        volatile @Nullable Throwable failure;

        Job(int size, int piece, int pieces, Range body, Thread caller) {
            this.size = size;
            this.piece = piece;
            this.pieces = pieces;
            this.body = body;
            this.caller = caller;
        }

        /// Takes pieces until none is left; says whether it did any.
        boolean work() {
            boolean worked = false;
            for (int i = next.getAndIncrement(); i < pieces; i = next.getAndIncrement()) {
                worked = true;
                try {
                    body.run(i * piece, (int) Math.min(size, (i + 1L) * piece));
                } catch (Throwable t) {
                    failure = t;
                }
                if (done.incrementAndGet() == pieces) {
                    LockSupport.unpark(caller);
                }
            }
            return worked;
        }

        void await() {
            for (int spins = 0; done.get() < pieces; spins++) {
                if (spins < 100) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
            }
        }

        void rethrow() {
            Throwable thrown = failure;
            if (thrown instanceof RuntimeException e) {
                throw e;
            }
            if (thrown instanceof Error e) {
                throw e;
            }
        }
    }
}
