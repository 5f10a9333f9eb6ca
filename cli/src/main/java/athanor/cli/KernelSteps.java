package athanor.cli;

import athanor.engine.backend.Cuda;
import athanor.engine.check.KernelSamples;
import athanor.kernels.cuda.Device;
import athanor.kernels.cuda.Devices;
import athanor.kernels.cuda.Ptx;
import athanor.kernels.cuda.simulator.SimulatedDriver;
import athanor.kernels.cuda.simulator.Trace;
import athanor.train.InvalidSetting;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Steps through a GPU kernel on a simulated GPU: each instruction with its line of PTX, the lanes
/// that ran it, what it left in their registers, and the memory it touched.
final class KernelSteps {
    private static final long MEMORY = 64L << 20;
    private static final int LANES = 32;
    private static final int SHOWN_LANES = 4;

    /// Rows and channels of the input: fewer numbers than a warp takes, and not a multiple of 4.
    private static final Map<String, int[]> INPUTS =
            Map.of("small", new int[] {5, 8}, "large", new int[] {112, 64});

    private static final Pattern DECLARATION = Pattern.compile("\\.reg \\.(\\w+) ([^;]+);");
    private static final Pattern WORD = Pattern.compile("[A-Za-z_$%][\\w$]*");
    private static final Pattern ADDRESS = Pattern.compile("\\[(\\w+)(?:\\+(\\d+))?]");

    private final Screen screen;

    private final String kernel;
    private final String input;
    private final int steps;
    private final Optional<Integer> lane;

    KernelSteps(Screen screen, String kernel, String input, int steps, Optional<Integer> lane) {
        this.screen = screen;
        this.kernel = kernel;
        this.input = input;
        this.steps = steps;
        this.lane = lane;
    }

    int show() {
        if (!INPUTS.containsKey(input)) {
            throw new InvalidSetting("--input " + input + ": accepted is small or large");
        }
        if (steps < 1 || lane.filter(l -> l < 0 || l >= LANES).isPresent()) {
            throw new InvalidSetting(
                    "--steps is a whole number of 1 or more, --lane one of 0 to " + (LANES - 1));
        }
        String file = fileOf(kernel);
        Device device = Devices.simulated(MEMORY, 1);
        SimulatedDriver driver = (SimulatedDriver) device.driver();
        Telling telling = new Telling(Ptx.text(file).lines().toList(), driver);
        screen.line("kernel %s of %s.ptx", kernel, file);
        telling.head();
        driver.simulator().trace(telling);
        Cuda cuda = new Cuda("cuda-sim", device);
        int[] size = INPUTS.get(input);
        KernelSamples.run(cuda, size[0], size[1]);
        cuda.synchronize();
        telling.flush();
        if (telling.told == 0) {
            throw new InvalidSetting(
                    "--kernel " + kernel + ": nothing launches it yet; choose another");
        }
        screen.line(
                "%d of %d instructions of this warp%s",
                telling.told,
                telling.seen,
                telling.told < telling.seen ? "; --steps N shows more" : "");
        return 0;
    }

    private static String fileOf(String kernel) {
        List<String> all = new ArrayList<>();
        for (String file : Ptx.FILES) {
            if (Ptx.kernels(file).contains(kernel)) {
                return file;
            }
            all.addAll(Ptx.kernels(file));
        }
        throw new InvalidSetting(
                "--kernel "
                        + kernel
                        + ": there is no such kernel"
                        + Nearest.hint(kernel, all)
                        + " (athanor bench --device cuda-sim --kernels names all)");
    }

    /// Prints what the first warp of the first block does, in the kernel's first launch.
    private final class Telling implements Trace {
        private final List<String> lines;
        private final SimulatedDriver driver;
        private final int entry;
        private final Map<String, String> types = new HashMap<>();
        private int told;
        private int seen;
        private int lastLine;
        private String line = "";
        private boolean over;

        Telling(List<String> lines, SimulatedDriver driver) {
            this.lines = lines;
            this.driver = driver;
            int at = 0;
            while (!lines.get(at).matches(".*\\.visible \\.entry " + kernel + "\\b.*")) {
                at++;
            }
            entry = at;
            for (int i = at + 1; i < lines.size() && !lines.get(i).contains(".entry"); i++) {
                Matcher declared = DECLARATION.matcher(lines.get(i));
                while (declared.find()) {
                    for (String name : declared.group(2).split(",")) {
                        types.put(name.strip(), declared.group(1));
                    }
                }
            }
        }

        /// The comment above the kernel, or at the head of the file.
        void head() {
            int from = entry;
            while (from > 0 && lines.get(from - 1).startsWith("//")) {
                from--;
            }
            if (entry - from < 3) {
                lines.stream()
                        .takeWhile(line -> line.startsWith("//"))
                        .forEach(line -> screen.line("  %s", line));
            }
            lines.subList(from, entry).forEach(line -> screen.line("  %s", line));
            screen.line("");
            screen.line(
                    "line  instruction%s  lanes      %s",
                    " ".repeat(33),
                    lane.isPresent() ? "lane " + lane.get() : "lanes 0 to " + (SHOWN_LANES - 1));
        }

        @Override
        public void executed(Step step) {
            if (over || !step.kernelName().equals(kernel)) {
                return;
            }
            boolean first =
                    step.blockPlace().x() == 0
                            && step.blockPlace().y() == 0
                            && step.blockPlace().z() == 0;
            if (!first || step.warp() != 0) {
                return;
            }
            // A line such as `mov.b64 {low, high}, sum` is several instructions of the simulator.
            if (step.line() != lastLine) {
                seen++;
                flush();
            }
            if (seen <= steps) {
                if (step.line() != lastLine) {
                    told++;
                    above(step.line());
                }
                line = text(step);
            }
            lastLine = step.line();
            over = step.text().strip().startsWith("ret") && step.activeMask() != 0;
        }

        void flush() {
            if (!line.isEmpty()) {
                screen.line("%s", line);
            }
            line = "";
        }

        /// Comments and labels right above a line.
        private void above(int number) {
            int from = number - 1;
            while (from > 0 && isNoInstruction(lines.get(from - 1).strip())) {
                from--;
            }
            lines.subList(from, number - 1).stream()
                    .filter(above -> !above.isBlank())
                    .forEach(above -> screen.line("      %s", above.strip()));
        }

        private static boolean isNoInstruction(String text) {
            return text.isEmpty() || text.startsWith("//") || text.matches("\\w+:");
        }

        private String text(Step step) {
            String text = lines.get(step.line() - 1).strip().replaceAll("\\s*//.*", "");
            return "%4d  %-44s  %-9s  %s"
                    .formatted(step.line(), text, lanes(step.activeMask()), values(step, text));
        }

        private static String lanes(int mask) {
            if (mask == -1) {
                return "all";
            }
            return mask == 0 ? "none" : "%08x".formatted(mask);
        }

        /// What the instruction wrote; of a store, a branch or a comparison what it looked at.
        private String values(Step step, String text) {
            List<String> parts = new ArrayList<>();
            String body = text.replaceFirst("^@!?\\w+ ", "");
            boolean writes = !body.matches("(st|bra|bar|ret|red)\\b.*");
            Matcher words = WORD.matcher(body.replaceFirst("^\\S+", ""));
            boolean vector = body.contains("{") && body.indexOf('{') < body.indexOf('[');
            int most = writes ? (vector ? 4 : 1) : 5;
            Matcher guard = Pattern.compile("^@!?(\\w+)").matcher(text);
            if (guard.find()) {
                parts.add(value(step, guard.group(1)));
            }
            for (int i = 0; i < most && words.find(); i++) {
                if (step.registerNames().contains(words.group())) {
                    parts.add(value(step, words.group()));
                }
            }
            Matcher address = ADDRESS.matcher(body);
            if (step.activeMask() != 0
                    && address.find()
                    && step.registerNames().contains(address.group(1))) {
                int shown = lane.orElse(Integer.numberOfTrailingZeros(step.activeMask()) % LANES);
                long offset = address.group(2) == null ? 0 : Long.parseLong(address.group(2));
                long at = step.register(address.group(1))[shown] + offset;
                parts.add(
                        body.contains(".shared")
                                ? "shared byte %d".formatted(at & 0xffff)
                                : driver.simulator().memory().describe(at));
            }
            return String.join("  ", parts);
        }

        private String value(Step step, String name) {
            long[] bits = step.register(name);
            String type = types.getOrDefault(name, "b64");
            if (lane.isPresent()) {
                return name + " = " + text(type, bits[lane.get()]);
            }
            List<String> shown = new ArrayList<>();
            for (int i = 0; i < SHOWN_LANES; i++) {
                shown.add(text(type, bits[i]));
            }
            return name + " = " + shown.stream().distinct().collect(Collectors.joining(" "));
        }

        private static String text(String type, long bits) {
            return switch (type) {
                case "pred" -> (bits & 1) == 1 ? "true" : "false";
                case "f32" -> "%.5g".formatted(Float.intBitsToFloat((int) bits));
                case "f64" -> "%.8g".formatted(Double.longBitsToDouble(bits));
                case "u32", "s32", "b32" -> String.valueOf((int) bits);
                case "u16", "s16", "b16" -> String.valueOf((short) bits);
                default -> "0x%x".formatted(bits);
            };
        }
    }
}
