package athanor.kernels.cuda;

import athanor.kernels.elementwise.Binary;
import athanor.kernels.elementwise.Unary;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

/// How many faults in a kernel its tests notice. Each mutant of a `.ptx` file is the file with one
/// fault: a barrier less, an instruction without its guard, a comparison that takes its bound to
/// the other side, or an integer that is one too large. Run by hand, with the number of mutants to
/// try of each kind and file, and the files if not all:
///
/// `java ... athanor.kernels.cuda.PtxMutants 40 layout/Transpose`
final class PtxMutants {
    private static final Pattern GUARD = Pattern.compile("^    @!?\\w+ (.*)$");
    private static final Pattern INTEGER =
            Pattern.compile(
                    "^    (?:add|sub|mul\\.lo|mad\\.lo|div|rem|shr|and|min)\\.[usb]32 (\\w+),.*");
    private static final Pattern BOUND =
            Pattern.compile("^(    setp\\.)(lt|le|gt|ge)(\\.[us]32 .*)$");
    private static final Map<String, String> OTHER_SIDE =
            Map.of("lt", "le", "le", "lt", "gt", "ge", "ge", "gt");
    private static final Map<String, Tests> TESTS = new LinkedHashMap<>();

    static {
        TESTS.put("elementwise/Unary", new Tests(PtxElementwiseTest.class, "functions_of_one"));
        TESTS.put("elementwise/Binary", new Tests(PtxElementwiseTest.class, "functions_of_two"));
        TESTS.put("elementwise/Broadcast", new Tests(PtxElementwiseTest.class, "operands"));
        TESTS.put(
                "elementwise/Elementwise",
                new Tests(PtxElementwiseTest.class, "select|fill|casts"));
        TESTS.put("reduce/Reductions", new Tests(PtxReductionsTest.class, ""));
        TESTS.put(
                "normalize/BatchNorm",
                new Tests(PtxNormalizationTest.class, "moments|normalize|batch"));
        TESTS.put("normalize/LayerNorm", new Tests(PtxNormalizationTest.class, "layer"));
        TESTS.put("normalize/LocalResponseNorm", new Tests(PtxNormalizationTest.class, "local"));
        TESTS.put("pool/MaxPool", new Tests(PtxPoolsTest.class, ""));
        TESTS.put("pool/AveragePool", new Tests(PtxPoolsTest.class, ""));
        TESTS.put("softmax/Softmax", new Tests(PtxSoftmaxTest.class, ""));
        TESTS.put("random/Philox", new Tests(PtxRandomTest.class, ""));
        TESTS.put("layout/Layout", new Tests(PtxLayoutTest.class, ""));
        TESTS.put("layout/Transpose", new Tests(PtxLayoutTest.class, "transpose"));
        TESTS.put("optimize/Sgd", new Tests(PtxOptimizersTest.class, ""));
        TESTS.put("optimize/Adam", new Tests(PtxOptimizersTest.class, ""));
        TESTS.put("optimize/NonFinite", new Tests(PtxOptimizersTest.class, ""));
    }

    private PtxMutants() {}

    /// Those methods of a class that a regular expression finds at the start of their names.
    private record Tests(Class<?> type, String names) {}

    private enum Kind {
        BARRIER,
        GUARD,
        BOUND,
        INTEGER
    }

    /// @param line of the file, from 1
    private record Mutant(Kind kind, int line, String text) {}

    public static void main(String[] arguments) throws ReflectiveOperationException {
        Gpu.patience = 500_000;
        int most = Integer.parseInt(arguments[0]);
        List<String> files = List.of(arguments).subList(1, arguments.length);
        System.out.printf(
                "%-30s %8s %8s %8s %8s%n",
                "noticed of tried", "barrier", "guard", "bound", "integer");
        for (Map.Entry<String, Tests> entry : TESTS.entrySet()) {
            if (files.isEmpty() || files.contains(entry.getKey())) {
                judge(entry.getKey(), entry.getValue(), most);
            }
        }
    }

    private static void judge(String file, Tests tests, int most)
            throws ReflectiveOperationException {
        String original = Ptx.text(file);
        List<Mutant> missed = new ArrayList<>();
        StringBuilder row = new StringBuilder("%-30s".formatted(file));
        for (Kind kind : Kind.values()) {
            List<Mutant> all = mutants(original, kind);
            int step = Math.max(1, Math.ceilDiv(all.size(), most));
            int tried = 0;
            int noticed = 0;
            for (int i = 0; i < all.size(); i += step) {
                Mutant mutant = all.get(i);
                Gpu.mutation = text -> text.equals(original) ? mutant.text : text;
                tried++;
                if (isNoticed(tests, entry(original, mutant.line))) {
                    noticed++;
                } else {
                    missed.add(mutant);
                }
            }
            row.append(" %8s".formatted(tried == 0 ? "-" : noticed + "/" + tried));
        }
        System.out.println(row);
        String[] lines = original.split("\n", -1);
        for (Mutant mutant : missed) {
            System.out.printf(
                    "    %-8s line %4d %s%n",
                    mutant.kind, mutant.line, lines[mutant.line - 1].strip());
        }
    }

    private static List<Mutant> mutants(String text, Kind kind) {
        String[] lines = text.split("\n", -1);
        List<Mutant> mutants = new ArrayList<>();
        for (int i = 0; i < lines.length; i++) {
            String changed = change(lines[i], kind);
            if (!changed.equals(lines[i])) {
                String[] copy = lines.clone();
                copy[i] = changed;
                mutants.add(new Mutant(kind, i + 1, String.join("\n", copy)));
            }
        }
        return mutants;
    }

    private static String change(String line, Kind kind) {
        return switch (kind) {
            case BARRIER -> line.contains("bar.sync") ? "" : line;
            case GUARD -> GUARD.matcher(line).replaceFirst("    $1");
            case INTEGER -> {
                Matcher matcher = INTEGER.matcher(line);
                yield matcher.matches()
                        ? line.replaceFirst(" *//.*", "")
                                + " add.u32 "
                                + matcher.group(1)
                                + ", "
                                + matcher.group(1)
                                + ", 1;"
                        : line;
            }
            case BOUND -> {
                Matcher matcher = BOUND.matcher(line);
                yield matcher.matches()
                        ? matcher.group(1) + OTHER_SIDE.get(matcher.group(2)) + matcher.group(3)
                        : line;
            }
        };
    }

    private static boolean isNoticed(Tests tests, String entry)
            throws ReflectiveOperationException {
        var constructor = tests.type.getDeclaredConstructor();
        constructor.setAccessible(true);
        Object instance = constructor.newInstance();
        try {
            for (Method method : tests.type.getDeclaredMethods()) {
                if (!Pattern.compile(tests.names).matcher(method.getName()).lookingAt()) {
                    continue;
                }
                method.setAccessible(true);
                if (method.isAnnotationPresent(ParameterizedTest.class)) {
                    for (Object constant : method.getParameterTypes()[0].getEnumConstants()) {
                        if (!isConstant(entry) || constant.toString().equals(entry)) {
                            method.invoke(instance, constant);
                        }
                    }
                } else if (method.isAnnotationPresent(Test.class) && !isConstant(entry)) {
                    method.invoke(instance);
                }
            }
            return false;
        } catch (InvocationTargetException e) {
            return true;
        }
    }

    /// Whether the entry is one of many alike, tested by its name.
    private static boolean isConstant(String entry) {
        return Stream.concat(Stream.of(Unary.values()), Stream.of(Binary.values()))
                .anyMatch(constant -> constant.name().equals(entry));
    }

    /// The entry that the line belongs to.
    private static String entry(String text, int line) {
        String before = text.lines().limit(line).collect(Collectors.joining("\n"));
        Matcher matcher = Pattern.compile("\\.entry (\\w+)").matcher(before);
        String entry = "";
        while (matcher.find()) {
            entry = matcher.group(1);
        }
        return entry;
    }
}
