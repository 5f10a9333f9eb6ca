package athanor.engine.backend;

import athanor.engine.Memory;
import athanor.engine.Repeated;
import athanor.engine.backend.CudaUpdates.Packed;
import athanor.kernels.cuda.Driver;
import athanor.kernels.cuda.PtxOptimizers.Parameter;
import athanor.kernels.cuda.PtxOptimizers.Table;
import athanor.kernels.optimize.UpdateRule;
import athanor.kernels.random.PhiloxKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/// Work that becomes a CUDA graph. Twice it is done as usual, which loads kernels and fills the
/// memory that is this work's own: the graph knows addresses, so nobody else may have them. The
/// third time it is captured, and from then on launched as a whole.
final class CapturedWork implements Repeated, CudaUpdates.Places {
    private static final int RUNS_BEFORE = 2;

    private record Filling(Packed content, long address) {}

    private final Cuda cuda;
    private final Consumer<List<UpdateRule>> work;
    private final Memory memory;
    private final List<Long> reserved = new ArrayList<>();
    private final List<Filling> tables = new ArrayList<>();
    private int runs;
    private Optional<Driver.Graph> graph = Optional.empty();

    /// What the capture under way expects and has seen.
    private PhiloxKey key = PhiloxKey.of(0);

    private List<UpdateRule> rules = List.of();
    private int keysSeen;
    private int rulesSeen;

    CapturedWork(Cuda cuda, Consumer<List<UpdateRule>> work) {
        this.cuda = cuda;
        this.work = work;
        memory = new Memory(cuda);
    }

    @Override
    public void run(PhiloxKey stepKey, List<UpdateRule> stepRules) {
        if (runs++ < RUNS_BEFORE) {
            cuda.memory().trim();
            cuda.within(memory, () -> once(stepKey, stepRules));
            return;
        }
        if (graph.isEmpty()) {
            key = stepKey;
            rules = stepRules;
            keysSeen = 0;
            rulesSeen = 0;
            graph = Optional.of(capture());
            tables.forEach(table -> cuda.upload(table.content().bytes(), table.address()));
        }
        if (stepRules.size() != rulesSeen) {
            throw new IllegalStateException(
                    "a captured step of %d updates got the rules of %d"
                            .formatted(rulesSeen, stepRules.size()));
        }
        cuda.updates().send(stepRules, stepKey, keysSeen);
        cuda.launch(graph.get());
    }

    private Driver.Graph capture() {
        for (int i = 0; i < CudaUpdates.MOST_RULES; i++) {
            reserved.add(cuda.reserve(Math.max(1, cuda.updates().tableBytes())));
        }
        return cuda.within(memory, () -> cuda.capturing(this, () -> once(key, rules)));
    }

    private boolean once(PhiloxKey stepKey, List<UpdateRule> stepRules) {
        Repeated.plainly(work).run(stepKey, stepRules);
        return true;
    }

    @Override
    public long numbers(UpdateRule rule) {
        int i = rulesSeen++;
        if (i >= Math.min(rules.size(), CudaUpdates.MOST_RULES) || !rules.get(i).equals(rule)) {
            throw new IllegalStateException(
                    "update %d of a step that is captured is not one of the %d rules given, in their order"
                            .formatted(i + 1, rules.size()));
        }
        return cuda.updates().ruleAddress(i);
    }

    @Override
    public Table table(List<Parameter> parameters) {
        Packed packed = Packed.of(parameters);
        long address = reserved.get(tables.size());
        tables.add(new Filling(packed, address));
        return packed.at(address);
    }

    @Override
    public OptionalLong key(PhiloxKey used) {
        int i = keysSeen++;
        if (i >= CudaUpdates.MOST_KEYS || !used.equals(key.derive(i))) {
            throw new IllegalStateException(
                    "random numbers of a step that is captured come from Randomness.next(), at most %d times"
                            .formatted(CudaUpdates.MOST_KEYS));
        }
        return OptionalLong.of(cuda.updates().keyAddress(i));
    }

    @Override
    public void close() {
        graph.ifPresent(cuda::destroy);
        graph = Optional.empty();
        runs = 0;
        reserved.forEach(cuda::release);
        reserved.clear();
        tables.clear();
        memory.trim();
    }
}
