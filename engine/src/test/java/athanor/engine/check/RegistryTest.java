package athanor.engine.check;

import static org.assertj.core.api.Assertions.assertThat;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.GradMode;
import athanor.engine.TapeEntry;
import athanor.engine.Tensor;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class RegistryTest {
    private static final Path SOURCES = Path.of("src/main/java/athanor/engine/operation");
    private static final Pattern PUBLIC_CLASS = Pattern.compile("(?m)^public final class (\\w+)");
    private static final Pattern RECORD = Pattern.compile("Tape\\.record\\(\\s*\"(\\w+)\"");

    @Test
    void everyOperationHasACase() throws IOException {
        Set<String> registered = new TreeSet<>();
        Operations.cases().forEach(operation -> registered.add(operation.operation()));
        assertThat(operations()).hasSizeGreaterThan(40);
        assertThat(registered).containsAll(operations().keySet());
    }

    @Test
    void theCasesOfAnOperationRecordWhatItsFileRecords() throws IOException {
        Map<String, Set<String>> recorded = new TreeMap<>();
        for (OperationCase operation : small()) {
            if (operation.differentiable()) {
                recorded.computeIfAbsent(operation.operation(), _ -> new TreeSet<>())
                        .addAll(graph(operation));
            }
        }
        for (Map.Entry<String, String> operation : operations().entrySet()) {
            RECORD.matcher(operation.getValue())
                    .results()
                    .map(match -> match.group(1))
                    .forEach(
                            name ->
                                    assertThat(recorded)
                                            .hasEntrySatisfying(
                                                    operation.getKey(),
                                                    names -> assertThat(names).contains(name)));
        }
    }

    @Test
    void everyCaseHasANameOfItsOwn() {
        assertThat(Operations.cases()).extracting(OperationCase::name).doesNotHaveDuplicates();
        assertThat(Operations.errors()).extracting(ErrorCase::toString).doesNotHaveDuplicates();
    }

    @Test
    void nothingIsRecordedWhereGradientsAreOff() {
        for (OperationCase operation : small()) {
            if (operation.differentiable()) {
                assertThat(GradMode.off(() -> graph(operation))).as(operation.name()).isEmpty();
            }
        }
    }

    @Test
    void aBackendHasAtMost60Primitives() {
        List<Method> methods =
                Arrays.stream(Backend.class.getDeclaredMethods())
                        .filter(method -> !Modifier.isStatic(method.getModifiers()))
                        .filter(method -> !method.isSynthetic())
                        .toList();
        assertThat(methods).hasSizeBetween(30, 60);
    }

    @Test
    void someCaseComesToEachFusedPrimitive() {
        Backend all = SpyBackend.around(Backend.reference(), (_, _) -> {}, (_, _) -> {});
        assertThat(OverrideCheck.overridden(all)).hasSizeGreaterThanOrEqualTo(3);
        assertThat(OverrideCheck.run(small(), all))
                .hasSizeGreaterThan(20)
                .allMatch(Finding::passed);
    }

    @Test
    void theCpuBackendHasFusedPrimitivesOfItsOwn() {
        assertThat(OverrideCheck.overridden(Backend.cpu())).contains("normalizeAddRelu");
    }

    @Test
    void everyOperationOnATapeHasItsFormulaInTheJar() {
        for (OperationCase operation : small()) {
            List<Tensor> inputs = operation.tensors(Backend.reference(), DType.FLOAT64);
            Evaluation.leaves(operation).forEach(leaf -> inputs.get(leaf).requireGradient());
            for (TapeEntry entry : operation.function().apply(inputs).tape()) {
                assertThat(entry.formula().isEmpty())
                        .as(entry.operation())
                        .isEqualTo(entry.isLeaf());
            }
        }
    }

    private static List<OperationCase> small() {
        return Operations.cases().stream().filter(OperationCase::isSmall).toList();
    }

    private static List<String> graph(OperationCase operation) {
        List<Tensor> inputs = operation.tensors(Backend.reference(), DType.FLOAT64);
        Evaluation.leaves(operation).forEach(leaf -> inputs.get(leaf).requireGradient());
        return operation.function().apply(inputs).tape().stream()
                .map(TapeEntry::operation)
                .filter(name -> !name.equals("leaf"))
                .toList();
    }

    /// The names of the operations, with their sources.
    private static Map<String, String> operations() throws IOException {
        Map<String, String> operations = new TreeMap<>();
        try (var files = Files.list(SOURCES)) {
            for (Path file : new HashSet<>(files.toList())) {
                String source = Files.readString(file);
                PUBLIC_CLASS
                        .matcher(source)
                        .results()
                        .map(match -> match.group(1))
                        .map(name -> Character.toLowerCase(name.charAt(0)) + name.substring(1))
                        .forEach(name -> operations.put(name, source));
            }
        }
        return operations;
    }
}
