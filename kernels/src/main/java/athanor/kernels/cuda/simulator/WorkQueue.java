package athanor.kernels.cuda.simulator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;

/// What the device has been given and not yet done. What comes next is drawn by chance among all
/// that nothing holds back: so an order that no stream and no event promises is not kept.
final class WorkQueue {
    private final List<Work> pending = new ArrayList<>();
    private final SplittableRandom random;

    WorkQueue(long seed) {
        random = new SplittableRandom(seed);
    }

    /// Takes the work, and does some, or none.
    void add(Work work) {
        work.host.ifPresent(memory -> memory.usedBy(work));
        pending.add(work);
        while (!pending.isEmpty() && random.nextInt(3) == 0) {
            doOne();
        }
    }

    /// Does one work that nothing holds back.
    private void doOne() {
        int place = random.nextInt(pending.size());
        Work work = pending.get(place);
        for (int i = 0; i < work.after.size(); i++) {
            if (!work.after.get(i).done) {
                work = work.after.get(i);
                i = -1;
            }
        }
        pending.remove(work);
        work.action.run();
        work.done = true;
    }

    /// Whether all are done; when not, the device goes on a little.
    boolean poll(Collection<Work> works) {
        if (!pending.isEmpty()) {
            doOne();
        }
        boolean done = works.stream().allMatch(work -> work.done);
        if (done) {
            await(works);
        }
        return done;
    }

    /// Returns when all are done; the host then knows that they are, and what came before them.
    void await(Collection<Work> works) {
        for (Work work : works) {
            while (!work.done) {
                doOne();
            }
        }
        Deque<Work> open = new ArrayDeque<>(works);
        while (!open.isEmpty()) {
            Work work = open.pop();
            if (!work.awaited) {
                work.awaited = true;
                open.addAll(work.after);
                work.after = List.of();
            }
        }
    }

    /// Returns when nothing is left to do.
    void awaitAll() {
        while (!pending.isEmpty()) {
            doOne();
        }
    }

    /// Works that were never done are forgotten.
    void clear() {
        pending.clear();
    }

    long seed() {
        return random.nextLong();
    }
}
