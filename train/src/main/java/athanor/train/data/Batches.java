package athanor.train.data;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/// The batches of one epoch, in order. Workers fill them ahead of the caller, a few at most: a
/// worker first takes free arrays, then the next number, so every number that is taken can be
/// finished, and numbers under way lie side by side.
public final class Batches implements AutoCloseable {
    private final DataLoader loader;
    private final int epoch;
    private final int[] order;
    private final int count;
    private final List<Thread> threads = new ArrayList<>();

    // Guarded by lock.
    private final Object lock = new Object();
    private final Deque<Batch> free = new ArrayDeque<>();
    private final @Nullable Batch[] ready;
    private final @Nullable Throwable[] failures;
    private int taken;
    private int delivered;
    private int held;

    private volatile boolean closed;
    private @Nullable SampleReader callersReader;

    Batches(DataLoader loader, int epoch, int startBatch) {
        this.loader = loader;
        this.epoch = epoch;
        order = loader.order(epoch);
        count = loader.batches();
        taken = startBatch;
        delivered = startBatch;
        // The one the caller works on, one ready for it, one under way in each worker.
        int slots = loader.workers() + 2;
        ready = new Batch[slots];
        failures = new Throwable[slots];
        int capacity = loader.part().most(Math.min(loader.batchSize(), loader.dataset().size()));
        for (int i = 0; i < slots; i++) {
            free.add(new Batch(this, loader.shape(), capacity));
        }
        for (int i = 0; i < Math.min(loader.workers(), count - startBatch); i++) {
            SampleReader reader = loader.reader(epoch);
            threads.add(
                    Thread.ofPlatform()
                            .daemon()
                            .name("athanor-data-" + (i + 1))
                            .unstarted(() -> work(reader)));
        }
        threads.forEach(Thread::start);
    }

    /// The next batch, or nothing at the end of the epoch. What a worker failed with is thrown
    /// here, in its batch's turn.
    public Optional<Batch> next() {
        if (closed) {
            throw new IllegalStateException("these batches are closed");
        }
        if (delivered == count) {
            return Optional.empty();
        }
        return Optional.of(loader.workers() == 0 ? prepared() : awaited());
    }

    private Batch prepared() {
        if (callersReader == null) {
            callersReader = loader.reader(epoch);
        }
        synchronized (lock) {
            Batch batch = free.peek();
            if (batch == null) {
                throw allHeld();
            }
            fill(batch, delivered, callersReader);
            return lent(free.remove());
        }
    }

    private Batch awaited() {
        synchronized (lock) {
            int slot = delivered % ready.length;
            while (ready[slot] == null && failures[slot] == null) {
                if (held == ready.length) {
                    throw allHeld();
                }
                await();
            }
            Throwable failure = failures[slot];
            if (failure instanceof RuntimeException e) {
                throw e;
            }
            if (failure instanceof Error e) {
                throw e;
            }
            Batch batch = ready[slot];
            ready[slot] = null;
            return lent(batch);
        }
    }

    private Batch lent(Batch batch) {
        delivered++;
        held++;
        batch.lent = true;
        return batch;
    }

    private static IllegalStateException allHeld() {
        return new IllegalStateException(
                "all batches are in use: close() each one when it has been read");
    }

    private void work(SampleReader reader) {
        while (true) {
            Batch batch;
            int number;
            synchronized (lock) {
                while (free.isEmpty() && !closed && taken < count) {
                    await();
                }
                if (closed || taken == count) {
                    return;
                }
                batch = free.remove();
                number = taken++;
            }
            Throwable failure = null;
            try {
                fill(batch, number, reader);
            } catch (Throwable t) {
                failure = t;
            }
            synchronized (lock) {
                if (failure == null) {
                    ready[number % ready.length] = batch;
                } else {
                    failures[number % ready.length] = failure;
                    taken = count;
                }
                lock.notifyAll();
            }
        }
    }

    private void fill(Batch batch, int number, SampleReader reader) {
        int first = number * loader.batchSize();
        int whole = Math.min(loader.batchSize(), order.length - first);
        int own = loader.part().count(whole);
        int start = own == 0 ? first : first + loader.part().from(whole);
        int size = Math.max(own, 1);
        int length = batch.shape().size();
        for (int i = 0; i < size && !closed; i++) {
            int sample = order[start + i];
            batch.labels()[i] = loader.dataset().label(sample);
            reader.read(sample, batch.images(), i * length);
        }
        batch.holds(number, size, own, whole);
    }

    /// Waits for any change; both callers look again in a loop.
    @SuppressWarnings("WaitNotInLoop")
    private void await() {
        try {
            lock.wait();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while waiting for a batch");
        }
    }

    void recycle(Batch batch) {
        synchronized (lock) {
            if (batch.lent) {
                batch.lent = false;
                free.add(batch);
                held--;
                lock.notifyAll();
            }
        }
    }

    /// Stops the workers, each after the image it is at, and waits for them.
    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            lock.notifyAll();
        }
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
