package athanor.engine.check;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.kernels.parallel.Parallel;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/// The bits of all results and gradients must depend on neither the number of threads nor on who
/// runs the code, the interpreter or a compiler. They are compared as a digest for each case; as a
/// program, this class prints them, so that JVMs started with other flags can be compared.
public final class DeterminismCheck {
    private static final String NAME = "determinism";

    private DeterminismCheck() {}

    /// All cases, with some of each type of 16 bits.
    public static List<OperationCase> cases() {
        return Stream.concat(
                        Operations.cases().stream(),
                        Operations.narrowCases().stream()
                                .filter(c -> Set.of("add", "cast").contains(c.operation())))
                .toList();
    }

    /// Prints `case TAB digest` for each case, after as many rounds as the second argument says;
    /// with `small` as the first, of the cases that an interpreter does quickly.
    public static void main(String... arguments) {
        boolean small = arguments[0].equals("small");
        List<OperationCase> cases = cases().stream().filter(c -> !small || c.isSmall()).toList();
        Map<String, String> first = digests(cases, Backend.cpu());
        for (int round = 1; round < Integer.parseInt(arguments[1]); round++) {
            digests(cases, Backend.cpu())
                    .forEach((name, digest) -> first.merge(name, digest, DeterminismCheck::both));
        }
        first.forEach((name, digest) -> System.out.println(name + "\t" + digest));
    }

    /// A digest of the bits of each case, in order.
    public static Map<String, String> digests(List<OperationCase> cases, Backend backend) {
        Map<String, String> digests = new LinkedHashMap<>();
        for (OperationCase operation : cases) {
            digests.put(operation.name(), digest(operation, backend));
        }
        return digests;
    }

    /// One finding for each thread number but the first.
    public static List<Finding> acrossThreads(
            List<OperationCase> cases, Backend backend, int... threads) {
        int before = Parallel.threads();
        List<Finding> findings = new ArrayList<>();
        try {
            Parallel.threads(threads[0]);
            Map<String, String> expected = digests(cases, backend);
            for (int i = 1; i < threads.length; i++) {
                Parallel.threads(threads[i]);
                String subject = threads[0] + " against " + threads[i] + " threads";
                findings.add(compare(subject, expected, digests(cases, backend)));
            }
            return findings;
        } finally {
            Parallel.threads(before);
        }
    }

    /// Compares the cases of the second; the error is how many differ.
    public static Finding compare(
            String subject, Map<String, String> expected, Map<String, String> actual) {
        List<String> different =
                actual.keySet().stream()
                        .filter(name -> !Objects.equals(actual.get(name), expected.get(name)))
                        .toList();
        String detail =
                actual.size()
                        + " cases compared"
                        + (different.isEmpty() ? "" : ", other bits in " + different);
        return new Finding(NAME, subject, different.size(), actual.isEmpty() ? -1 : 0, detail);
    }

    private static String both(String first, String second) {
        return first.contains(second) ? first : first + " then " + second;
    }

    private static String digest(OperationCase operation, Backend backend) {
        try {
            var evaluation = Evaluation.withGradients(operation, backend, DType.FLOAT32);
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            update(digest, evaluation.result());
            evaluation.gradients().forEach(gradient -> update(digest, gradient));
            return HexFormat.of().formatHex(digest.digest(), 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        } catch (RuntimeException e) {
            return e.toString();
        }
    }

    private static void update(MessageDigest digest, double[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Double.BYTES);
        for (double value : values) {
            bytes.putLong(Double.doubleToLongBits(value));
        }
        digest.update(bytes.array());
    }
}
