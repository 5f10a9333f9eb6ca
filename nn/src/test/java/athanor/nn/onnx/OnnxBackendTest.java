package athanor.nn.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import athanor.engine.GradMode;
import athanor.engine.Workspace;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// ONNX's own tests of its operators (Debian's package `libonnx-testdata`): each a model, and
/// inputs and outputs. What does not pass is in a list, with the reason; a test in the list that
/// passes fails, so that the list only becomes shorter.
class OnnxBackendTest {
    private static final Path DATA =
            Path.of("/usr/lib/python3/dist-packages/onnx/backend/test/data");
    private static final List<String> FOLDERS =
            List.of("node", "pytorch-converted", "pytorch-operator", "simple");
    private static final double RELATIVE = 1e-3;
    private static final double ABSOLUTE = 1e-7;

    @TestFactory
    Stream<DynamicTest> listedTestsFailAndAllOthersPass() {
        assumeTrue(Files.isDirectory(DATA), "no libonnx-testdata (apt install) on this machine");
        Map<String, String> listed = listed();
        return FOLDERS.stream()
                .flatMap(folder -> folders(DATA.resolve(folder)))
                .map(
                        test -> {
                            String name = DATA.relativize(test).toString();
                            Optional<String> reason = Optional.ofNullable(listed.get(name));
                            return DynamicTest.dynamicTest(name, () -> check(test, reason));
                        });
    }

    private static void check(Path test, Optional<String> reason) {
        Optional<String> problem = problem(test);
        if (reason.isEmpty()) {
            assertThat(problem).isEmpty();
        } else {
            assertThat(problem).as("passes; take it out of the list").isPresent();
        }
    }

    @Test
    void mostNodeTestsPassAndTheListNamesOnlyTestsThatThereAre() {
        assumeTrue(Files.isDirectory(DATA), "no libonnx-testdata (apt install) on this machine");
        Map<String, String> listed = listed();
        assertThat(listed.keySet()).allMatch(name -> Files.isDirectory(DATA.resolve(name)));
        assertThat(listed.values()).allMatch(reason -> reason.length() > 10);
        long all = folders(DATA.resolve("node")).count();
        long notRun = listed.keySet().stream().filter(n -> n.startsWith("node/")).count();
        System.out.printf("ONNX's node tests: %d of %d pass%n", all - notRun, all);
        assertThat(all - notRun).isGreaterThanOrEqualTo(600);
    }

    /// What is wrong with our result, if anything.
    static Optional<String> problem(Path test) {
        try (Workspace _ = Workspace.open()) {
            OnnxModel model = OnnxModel.parse(Files.readAllBytes(test.resolve("model.onnx")));
            model.initialize(athanor.kernels.random.PhiloxKey.of(0));
            model.train(false);
            for (Path set : folders(test).toList()) {
                Map<String, Value> inputs = new HashMap<>();
                List<Graph.Port> ports = model.inputPorts();
                for (int i = 0; Files.exists(set.resolve("input_" + i + ".pb")); i++) {
                    inputs.put(ports.get(i).name(), read(set.resolve("input_" + i + ".pb")));
                }
                List<Value> outputs = GradMode.off(() -> model.run(inputs));
                for (int i = 0; Files.exists(set.resolve("output_" + i + ".pb")); i++) {
                    Optional<String> difference =
                            difference(outputs.get(i), read(set.resolve("output_" + i + ".pb")));
                    if (difference.isPresent()) {
                        return difference.map(("output " + i + ": ")::concat);
                    }
                }
            }
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (RuntimeException | OutOfMemoryError e) {
            return Optional.of(e.toString());
        }
    }

    private static Value read(Path file) throws IOException {
        return TensorFormat.read(Message.parse(Files.readAllBytes(file)));
    }

    static Optional<String> difference(Value ours, Value theirs) {
        if (ours.type() != theirs.type() || !ours.shape().equals(theirs.shape())) {
            return Optional.of(ours + " instead of " + theirs);
        }
        double[] here = ours.doubles();
        double[] there = theirs.doubles();
        for (int i = 0; i < here.length; i++) {
            boolean same = here[i] == there[i] || (Double.isNaN(here[i]) && Double.isNaN(there[i]));
            double allowed =
                    ours.type().isFloating() ? ABSOLUTE + RELATIVE * Math.abs(there[i]) : 0;
            if (!same && !(Math.abs(here[i] - there[i]) <= allowed)) {
                return Optional.of(here[i] + " instead of " + there[i] + " at " + i);
            }
        }
        return Optional.empty();
    }

    private static Stream<Path> folders(Path parent) {
        try (Stream<Path> all = Files.list(parent)) {
            return all.filter(Files::isDirectory).sorted().toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Tests by name (folder/test), with the reason why they do not pass.
    private static Map<String, String> listed() {
        Map<String, String> listed = new LinkedHashMap<>();
        try (InputStream in = OnnxBackendTest.class.getResourceAsStream("tests-not-run.txt")) {
            String text =
                    new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
            text.lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .forEach(
                            line -> {
                                String[] parts = line.split("\\s+", 2);
                                listed.put(parts[0], parts[1]);
                            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return listed;
    }

    /// Prints what does not pass, as lines for the list.
    public static void main(String... args) {
        FOLDERS.stream()
                .flatMap(folder -> folders(DATA.resolve(folder)))
                .forEach(
                        test ->
                                problem(test)
                                        .ifPresent(
                                                reason ->
                                                        System.out.println(
                                                                DATA.relativize(test)
                                                                        + "  "
                                                                        + reason.replace(
                                                                                '\n', ' '))));
    }
}
