package athanor.cli;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.Repeated;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.engine.backend.Cuda;
import athanor.engine.check.DeterminismCheck;
import athanor.engine.check.Finding;
import athanor.engine.check.ForwardCheck;
import athanor.engine.check.GradientCheck;
import athanor.engine.check.OperationCase;
import athanor.engine.check.Operations;
import athanor.engine.check.OverrideCheck;
import athanor.kernels.cuda.DeviceInfo;
import athanor.kernels.cuda.Ptx;
import athanor.kernels.optimize.AdamStep;
import athanor.kernels.optimize.SgdStep;
import athanor.kernels.optimize.UpdateRule;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Parameter;
import athanor.train.InvalidSetting;
import athanor.train.Setting;
import athanor.train.Settings;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// All that a GPU has to do, tried on one: what `doctor --gpu-check` prints, and the first thing to
/// run where there is a new GPU. A check that fails does not keep the later ones from running.
final class GpuCheck {
    private static final int STEPS = 20;
    private static final int FEW_STEPS = 5;
    private static final int MEASURED_STEPS = 10;

    /// Casts to types that no kernel writes.
    private static final Set<String> REFUSED = Set.of("cast/double", "cast/byte");

    enum Result {
        PASSED,
        FAILED,
        SKIPPED
    }

    /// What a check saw, in words and in numbers.
    record Row(String check, Result result, String words, Map<String, Object> figures) {
        static final String HEAD = "%-12s %-8s %s".formatted("check", "result", "what was seen");

        boolean isFine() {
            return result != Result.FAILED;
        }

        static Row of(boolean passed, String words, Map<String, Object> figures) {
            return new Row("", passed ? Result.PASSED : Result.FAILED, words, figures);
        }

        Row named(String name) {
            return new Row(name, result, words, figures);
        }

        @Override
        public String toString() {
            return "%-12s %-8s %s".formatted(check, result, words);
        }
    }

    private final String device;
    private final Cuda cuda;
    private final boolean simulated;

    GpuCheck(String device) {
        if (!(device.startsWith("cuda") && Backend.of(device) instanceof Cuda gpu)) {
            throw new InvalidSetting(
                    "--device "
                            + device
                            + ": accepted with --gpu-check is cuda, cuda:N or cuda-sim");
        }
        this.device = device;
        cuda = gpu;
        simulated = device.equals("cuda-sim");
    }

    /// All checks in order; each row is also told as soon as it is there.
    List<Row> run(Consumer<Row> listener) {
        Map<String, Supplier<Row>> checks = new LinkedHashMap<>();
        checks.put("device", this::device);
        checks.put("kernels", this::kernels);
        checks.put("operations", this::operations);
        checks.put("gradients", this::gradients);
        checks.put("fused", () -> findings(OverrideCheck.run(cases(true), cuda)));
        checks.put("same bits", this::sameBits);
        checks.put("optimizer", this::optimizer);
        checks.put("graph", this::graph);
        checks.put("training", this::training);
        checks.put("amp", this::mixedPrecision);
        checks.put("throughput", this::throughput);
        List<Row> rows = new ArrayList<>();
        checks.forEach(
                (name, check) -> {
                    long began = System.nanoTime();
                    Row row = attempt(check).named(name);
                    row.figures().put("seconds", (System.nanoTime() - began) / 1e9);
                    rows.add(row);
                    listener.accept(row);
                });
        return rows;
    }

    /// The rows as one JSON object.
    static void write(List<Row> rows, String device, Path file) throws IOException {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("device", device);
        all.put("time", Instant.now().toString());
        all.putAll(About.program());
        all.put("passed", rows.stream().allMatch(Row::isFine));
        all.put(
                "checks",
                rows.stream()
                        .map(
                                row -> {
                                    Map<String, Object> object = new LinkedHashMap<>();
                                    object.put("check", row.check());
                                    object.put("result", row.result().toString());
                                    object.put("words", row.words());
                                    object.putAll(row.figures());
                                    return object;
                                })
                        .toList());
        new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), all);
    }

    private static Row attempt(Supplier<Row> check) {
        try {
            return check.get();
        } catch (RuntimeException e) {
            return Row.of(false, String.valueOf(e).replaceAll("\\s*\\R\\s*", "; "), figures());
        }
    }

    private static Row skipped(String why) {
        return new Row("", Result.SKIPPED, why, figures());
    }

    private static Map<String, Object> figures() {
        return new LinkedHashMap<>();
    }

    private Row device() {
        DeviceInfo info = cuda.info();
        Map<String, Object> figures = figures();
        figures.put("gpu", info.name());
        figures.put("compute_capability", info.major() + "." + info.minor());
        figures.put("multiprocessors", info.multiprocessors());
        figures.put("memory_bytes", info.memoryBytes());
        return Row.of(
                true,
                "%s, sm_%d%d, %d multiprocessors, %,d MB"
                        .formatted(
                                info.name(),
                                info.major(),
                                info.minor(),
                                info.multiprocessors(),
                                info.memoryBytes() >> 20),
                figures);
    }

    private Row kernels() {
        int kernels = cuda.compileAll();
        Map<String, Object> figures = figures();
        figures.put("files", Ptx.FILES.size());
        figures.put("kernels", kernels);
        String words = "%d kernels of %d files compiled".formatted(kernels, Ptx.FILES.size());
        return Row.of(true, words, figures);
    }

    /// A simulated GPU is given the small ones.
    private List<OperationCase> cases(boolean small) {
        return Operations.cases().stream()
                .filter(operation -> !REFUSED.contains(operation.name()))
                .filter(operation -> !(small || simulated) || operation.isSmall())
                .toList();
    }

    private Row operations() {
        return findings(ForwardCheck.run(cases(false), cuda));
    }

    private Row gradients() {
        return findings(
                cases(false).stream()
                        .flatMap(operation -> GradientCheck.kernels(operation, cuda).stream())
                        .toList());
    }

    private static Row findings(List<Finding> findings) {
        List<Finding> failed = findings.stream().filter(finding -> !finding.passed()).toList();
        double worst =
                findings.stream()
                        .filter(Finding::passed)
                        .filter(finding -> finding.error() > 0)
                        .mapToDouble(finding -> finding.error() / finding.tolerance())
                        .max()
                        .orElse(0);
        Map<String, Object> figures = figures();
        figures.put("cases", findings.size());
        figures.put("failed", failed.size());
        figures.put("worst_share_of_tolerance", worst);
        figures.put("failures", failed.stream().limit(50).map(Finding::toString).toList());
        String words =
                failed.isEmpty()
                        ? "%d cases, at worst %.2f of what is allowed"
                                .formatted(findings.size(), worst)
                        : "%d of %d cases failed, the first: %s"
                                .formatted(failed.size(), findings.size(), failed.getFirst());
        return Row.of(failed.isEmpty() && !findings.isEmpty(), words, figures);
    }

    private Row sameBits() {
        Map<String, String> first = DeterminismCheck.digests(cases(true), cuda);
        Map<String, String> second = DeterminismCheck.digests(cases(true), cuda);
        Finding finding = DeterminismCheck.compare("two runs", first, second);
        Map<String, Object> figures = figures();
        figures.put("cases", second.size());
        return Row.of(finding.passed(), "two runs: " + finding.detail(), figures);
    }

    /// All tensors in one launch against one launch each.
    private Row optimizer() {
        List<UpdateRule> rules =
                List.of(
                        new SgdStep(0.1, 0.9, 5e-4, true, false),
                        new AdamStep(1e-3, 0.9, 0.999, 1e-8, 0.01, true, 3));
        int[] lengths = {1, 7, 64, 4097, 9216};
        int differing = 0;
        long launches = 0;
        for (UpdateRule rule : rules) {
            List<List<Tensor>> single = tensors(lengths);
            List<List<Tensor>> together = tensors(lengths);
            single.forEach(t -> cuda.update(rule, List.of(update(t))));
            long before = cuda.launches();
            cuda.update(rule, together.stream().map(GpuCheck::update).toList());
            launches += cuda.launches() - before;
            for (int i = 0; i < lengths.length; i++) {
                for (int k = 0; k < 4; k++) {
                    float[] a = single.get(i).get(k).toFloats();
                    differing += Arrays.equals(a, together.get(i).get(k).toFloats()) ? 0 : 1;
                }
            }
        }
        Map<String, Object> figures = figures();
        figures.put("launches", launches);
        String words =
                "SGD and Adam over %d tensors in %d launches, %d tensors with other bits"
                        .formatted(lengths.length, launches, differing);
        return Row.of(differing == 0 && launches == rules.size(), words, figures);
    }

    private List<List<Tensor>> tensors(int... lengths) {
        List<List<Tensor>> all = new ArrayList<>();
        for (int length : lengths) {
            List<Tensor> tensors = new ArrayList<>();
            for (int k = 0; k < 4; k++) {
                PhiloxKey key = PhiloxKey.of(k).derive(length);
                tensors.add(Tensor.uniform(cuda, DType.FLOAT32, Shape.of(length), key));
            }
            all.add(tensors);
        }
        return all;
    }

    private static Backend.Update update(List<Tensor> t) {
        return new Backend.Update(
                t.get(0).buffer(),
                t.get(1).buffer(),
                List.of(t.get(2).buffer(), t.get(3).buffer()),
                t.get(0).size());
    }

    /// Matrix product, dropout and update, recorded and not.
    private Row graph() {
        Map<String, float[]> bits = new TreeMap<>();
        long[] launches = new long[2];
        for (int recorded = 0; recorded < 2; recorded++) {
            Shape shape = Shape.of(33, 33);
            Tensor x = Tensor.uniform(cuda, DType.FLOAT32, shape, PhiloxKey.of(1));
            Tensor w = Tensor.uniform(cuda, DType.FLOAT32, shape, PhiloxKey.of(2));
            w.requireGradient();
            Consumer<List<UpdateRule>> work =
                    rules -> {
                        try (Workspace _ = Workspace.open()) {
                            Tensor loss = x.matmul(w).dropout(0.5).square().mean();
                            Tensor gradient = loss.backward().of(w).orElseThrow();
                            Backend.Update update =
                                    new Backend.Update(
                                            w.buffer(), gradient.buffer(), List.of(), w.size());
                            cuda.update(rules.getFirst(), List.of(update));
                        }
                    };
            try (Repeated steps =
                    recorded == 1 ? Repeated.of(cuda, work) : Repeated.plainly(work)) {
                for (int i = 0; i < 6; i++) {
                    long before = cuda.launches();
                    SgdStep rule = new SgdStep(0.01 / (i + 1), 0, 0, false, i == 0);
                    steps.run(PhiloxKey.of(3).derive(i), List.of(rule));
                    launches[recorded] = cuda.launches() - before;
                }
                bits.put(recorded == 1 ? "recorded" : "plain", w.toFloats());
            }
        }
        boolean same = Arrays.equals(bits.get("recorded"), bits.get("plain"));
        Map<String, Object> figures = figures();
        figures.put("launches_plain", launches[0]);
        figures.put("launches_recorded", launches[1]);
        return Row.of(
                same && launches[1] == 1,
                "6 steps, the last of %d launches plain and %d recorded: %s bits"
                        .formatted(launches[0], launches[1], same ? "the same" : "OTHER"),
                figures);
    }

    private static Settings small(String device) {
        return Settings.initial()
                .with(Setting.MODEL, "resnet8")
                .with(Setting.DATA, "cifar10")
                .with(Setting.IMAGE_SIZE, "16")
                .with(Setting.BATCH_SIZE, "8")
                .with(Setting.LEARNING_RATE, "0.001")
                .with(Setting.SCHEDULE, "constant")
                .with(Setting.DEVICE, device);
    }

    /// Parameters after one step within 1e-5 of the CPU's, five losses within 5e-4, twenty within
    /// 2e-2; and no more memory from the fourth step on, of which the third is recorded.
    private Row training() {
        Settings onCpu = small("cpu");
        Settings onGpu = small(device);
        double first;
        try (SyntheticTraining cpu = new SyntheticTraining(onCpu, Sizes.of(onCpu));
                SyntheticTraining gpu = new SyntheticTraining(onGpu, Sizes.of(onGpu))) {
            cpu.train();
            gpu.train();
            first = distance(cpu.model().parameters(), gpu.model().parameters());
            first = Math.max(first, distance(cpu.model().buffers(), gpu.model().buffers()));
            double early = 0;
            double late = 0;
            long bytes = 0;
            long grown = 0;
            for (int i = 1; i < STEPS; i++) {
                double wanted = cpu.train();
                double off = Math.abs(gpu.train() - wanted) / wanted;
                early = i < 5 ? Math.max(early, off) : early;
                late = Math.max(late, off);
                bytes = i == 4 ? cuda.deviceBytes() : bytes;
                grown = i > 4 ? cuda.deviceBytes() - bytes : 0;
            }
            Map<String, Object> figures = figures();
            figures.put("parameters_after_one_step", first);
            figures.put("losses_of_5_steps", early);
            figures.put("losses_of_20_steps", late);
            figures.put("bytes_grown", grown);
            return Row.of(
                    first <= 1e-5 && early <= 5e-4 && late <= 2e-2 && (simulated ? grown : 0) == 0,
                    "ResNet-8 beside the CPU: parameters after 1 step %.1e, losses of 5 steps %.1e, of %d %.1e; memory grew by %d bytes"
                            .formatted(first, early, STEPS, late, grown),
                    figures);
        }
    }

    /// Losses in mixed precision within eight roundings of the type of the CPU's in float32.
    private Row mixedPrecision() {
        int steps = simulated ? FEW_STEPS : STEPS;
        double bfloat16 = farthestLoss("bf16", steps);
        double float16 = farthestLoss("fp16", steps);
        Map<String, Object> figures = figures();
        figures.put("losses_bf16", bfloat16);
        figures.put("losses_fp16", float16);
        return Row.of(
                bfloat16 <= 8 * 0x1p-8 && float16 <= 8 * 0x1p-11,
                "ResNet-8 beside the CPU in float32: losses of %d steps bf16 %.1e, fp16 %.1e"
                        .formatted(steps, bfloat16, float16),
                figures);
    }

    private double farthestLoss(String type, int steps) {
        Settings onCpu = small("cpu");
        Settings onGpu = small(device).with(Setting.AMP, type);
        try (SyntheticTraining cpu = new SyntheticTraining(onCpu, Sizes.of(onCpu));
                SyntheticTraining gpu = new SyntheticTraining(onGpu, Sizes.of(onGpu))) {
            double farthest = 0;
            for (int i = 0; i < steps; i++) {
                double wanted = cpu.train();
                farthest = Math.max(farthest, Math.abs(gpu.train() - wanted) / wanted);
            }
            return farthest;
        }
    }

    /// The largest difference, relative to the largest number of its tensor.
    private static double distance(Map<String, Parameter> wanted, Map<String, Parameter> actual) {
        double worst = 0;
        for (Map.Entry<String, Parameter> entry : wanted.entrySet()) {
            float[] a = entry.getValue().tensor().toFloats();
            float[] b = Objects.requireNonNull(actual.get(entry.getKey())).tensor().toFloats();
            double difference = 0;
            double scale = Double.MIN_NORMAL;
            for (int i = 0; i < a.length; i++) {
                difference = Math.max(difference, Math.abs((double) a[i] - b[i]));
                scale = Math.max(scale, Math.abs(a[i]));
            }
            // NaN is no distance, but the worst there is.
            worst = difference / scale <= worst ? worst : difference / scale;
        }
        return worst;
    }

    private Row throughput() {
        if (simulated) {
            return skipped("a simulated GPU has no speed");
        }
        Map<String, Object> figures = figures();
        List<String> words = new ArrayList<>();
        for (String recipe : Recipe.NAMES) {
            Settings settings =
                    Settings.initial()
                            .with(Recipe.of(recipe).values())
                            .with(Setting.DEVICE, device);
            try (SyntheticTraining steps = new SyntheticTraining(settings, Sizes.of(settings))) {
                for (int i = 0; i < MEASURED_STEPS / 2; i++) {
                    steps.train();
                }
                long began = System.nanoTime();
                for (int i = 0; i < MEASURED_STEPS; i++) {
                    steps.train();
                }
                double seconds = (System.nanoTime() - began) / 1e9;
                double speed = MEASURED_STEPS * settings.whole(Setting.BATCH_SIZE) / seconds;
                figures.put(recipe, speed);
                words.add("%s %,.0f".formatted(recipe, speed));
            }
        }
        return Row.of(true, "images/s: " + String.join(", ", words), figures);
    }
}
