package athanor.engine.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertAll;

import athanor.engine.Autocast;
import athanor.engine.Backend;
import athanor.engine.Buffer;
import athanor.engine.Conv2dOptions;
import athanor.engine.DType;
import athanor.engine.Gradients;
import athanor.engine.Memory;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.kernels.random.PhiloxKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class AutocastTest {
    private static final Backend CPU = Backend.cpu();

    private static Tensor normal(int seed, int... dims) {
        return Tensor.normal(CPU, DType.FLOAT32, Shape.of(dims), PhiloxKey.of(seed));
    }

    /// The names in one of the lists of Autocast.java.
    private static Set<String> list(String name) throws IOException {
        String source = Files.readString(Path.of("src/main/java/athanor/engine/Autocast.java"));
        var list = Pattern.compile(name + " =\\s+Set.of\\(([^)]*)\\)").matcher(source);
        assertThat(list.find()).isTrue();
        Set<String> names = new TreeSet<>();
        Pattern.compile("\"(\\w+)\"")
                .matcher(list.group(1))
                .results()
                .forEach(m -> names.add(m.group(1)));
        return names;
    }

    @Test
    void everyOperationIsInOneListAndNothingElseIs() throws IOException {
        List<String> listed = new ArrayList<>();
        for (String name : List.of("NARROW", "WIDE", "AS_THEY_COME")) {
            listed.addAll(list(name));
        }
        Set<String> operations = new TreeSet<>();
        Operations.cases().forEach(operation -> operations.add(operation.operation()));
        // Primitives without an operation: what an optimizer and random numbers are made of.
        operations.removeAll(Set.of("sgd", "adam", "update", "uniform", "normal"));
        assertThat(listed).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(operations);
    }

    /// From FLOAT32 and from 16 bits: which type comes out says what was computed in.
    @Test
    void theListsHold() throws IOException {
        Set<String> narrow = list("NARROW");
        Set<String> wide = list("WIDE");
        int seen = 0;
        for (OperationCase operation : Operations.narrowCases()) {
            boolean isNarrow = narrow.contains(operation.operation());
            boolean isWide = wide.contains(operation.operation());
            if ((!isNarrow && !isWide) || operation.name().contains("/moments")) {
                continue;
            }
            seen++;
            DType type = operation.precision();
            try (Workspace _ = Workspace.open();
                    Autocast _ = Autocast.open(type)) {
                Tensor fromNarrow =
                        operation.function().apply(operation.tensors(CPU, DType.FLOAT32));
                List<Tensor> inputs =
                        operation.tensors(CPU, DType.FLOAT32).stream()
                                .map(x -> x.dtype() == type ? x.cast(DType.FLOAT32) : x)
                                .toList();
                Tensor fromWide = operation.function().apply(inputs);
                DType wanted = isNarrow ? type : DType.FLOAT32;
                if (!operation.name().contains("beside")) {
                    assertThat(fromNarrow.dtype()).as(operation.name()).isEqualTo(wanted);
                    assertThat(fromWide.dtype()).as(operation.name()).isEqualTo(wanted);
                }
            }
        }
        assertThat(seen).isGreaterThan(400);
    }

    @Test
    void gradientsOfFloat32ParametersAreFloat32() {
        Tensor w = normal(1, 8, 3, 3, 4).requireGradient();
        Tensor gamma = normal(2, 8).requireGradient();
        Tensor beta = normal(3, 8).requireGradient();
        Tensor v = normal(4, 8, 3).requireGradient();
        try (Workspace _ = Workspace.open();
                Autocast _ = Autocast.open(DType.BFLOAT16)) {
            Tensor x = normal(5, 2, 6, 6, 4);
            var conv = x.conv2dWithMoments(w, Conv2dOptions.DEFAULT.padding(1));
            assertThat(conv.y().dtype()).isEqualTo(DType.BFLOAT16);
            assertThat(conv.moments().mean().dtype()).isEqualTo(DType.FLOAT32);
            Tensor h =
                    conv.y()
                            .batchNorm(
                                    conv.moments(),
                                    true,
                                    gamma,
                                    beta,
                                    1e-5,
                                    Optional.empty(),
                                    true);
            assertThat(h.dtype()).isEqualTo(DType.BFLOAT16);
            Tensor logits = h.adaptiveAveragePool(1, 1).flatten().matmul(v);
            assertThat(logits.dtype()).isEqualTo(DType.BFLOAT16);
            Tensor loss = logits.crossEntropy(Tensor.of(CPU, Shape.of(2), labels(0, 2)));
            assertThat(loss.dtype()).isEqualTo(DType.FLOAT32);
            Gradients gradients = loss.backward();
            assertAll(
                    List.of(w, gamma, beta, v).stream()
                            .map(
                                    leaf ->
                                            () ->
                                                    assertThat(
                                                                    gradients
                                                                            .of(leaf)
                                                                            .orElseThrow()
                                                                            .dtype())
                                                            .isEqualTo(DType.FLOAT32)));
        }
    }

    private static athanor.engine.HostBuffer labels(int... labels) {
        return athanor.engine.HostBuffer.of(labels);
    }

    /// A master weight so large that a small step is lost on its 16 bits is still changed by it.
    @Test
    void theMasterWeightKeepsWhatItsCopyRoundsAway() {
        Tensor w = Tensor.of(Shape.of(1, 1), 1f).requireGradient();
        try (Autocast _ = Autocast.open(DType.BFLOAT16)) {
            Tensor x = Tensor.of(Shape.of(1, 1), 1 / 1024f);
            Tensor gradient = x.matmul(w).sum().backward().of(w).orElseThrow();
            assertThat(gradient.item()).isEqualTo(1.0 / 1024);
            assertThat(w.add(gradient).item()).isEqualTo(1 + 1.0 / 1024);
            assertThat(w.cast(DType.BFLOAT16).add(gradient.cast(DType.BFLOAT16)).item())
                    .isEqualTo(1);
        }
    }

    @Test
    void theNarrowerOfTwoInputsBecomesTheTypeOfTheOther() {
        Tensor a = normal(1, 3, 5);
        Tensor b = normal(2, 5).cast(DType.FLOAT16);
        assertThatThrownBy(() -> a.add(b)).hasMessageContaining("types differ");
        try (Autocast _ = Autocast.open(DType.FLOAT16)) {
            assertThat(a.add(b).dtype()).isEqualTo(DType.FLOAT32);
            assertThat(b.sub(a).dtype()).isEqualTo(DType.FLOAT32);
            assertThat(b.mul(b).dtype()).isEqualTo(DType.FLOAT16);
            assertThat(b.maximum(b.cast(DType.BFLOAT16)).dtype()).isEqualTo(DType.FLOAT32);
            assertThat(Tensor.concat(0, b, normal(3, 2)).dtype()).isEqualTo(DType.FLOAT32);
            assertThat(normal(1, 2, 2).cast(DType.FLOAT64).exp().dtype()).isEqualTo(DType.FLOAT64);
        }
    }

    @Test
    void aScopeEndsWhereItIsClosedAndHoldsNeitherOutsideNorInTheBackwardPass() {
        Tensor a = normal(1, 2, 2);
        try (Autocast _ = Autocast.open(DType.FLOAT16)) {
            try (Autocast _ = Autocast.open(DType.FLOAT32)) {
                assertThat(a.matmul(a).dtype()).isEqualTo(DType.FLOAT32);
            }
            assertThat(a.matmul(a).dtype()).isEqualTo(DType.FLOAT16);
        }
        assertThat(a.matmul(a).dtype()).isEqualTo(DType.FLOAT32);
        assertThatThrownBy(() -> Autocast.open(DType.INT32)).hasMessageContaining("INT32");
    }

    /// On a GPU, products and convolutions of 16 bits are cuBLAS's and cuDNN's own, in both
    /// directions, and a norm behind a convolution reads what that wrote.
    @Test
    void productsOnAGpuAreNotWidened() {
        List<String> given = new ArrayList<>();
        Backend simulated = Backend.of("cuda-sim");
        Memory memory = simulated.memory();
        Tensor w =
                Tensor.normal(simulated, DType.FLOAT32, Shape.of(8, 3, 3, 8), PhiloxKey.of(1))
                        .requireGradient();
        try (Workspace _ = Workspace.open();
                Autocast _ = Autocast.open(DType.FLOAT16)) {
            Tensor x =
                    Tensor.normal(simulated, DType.FLOAT32, Shape.of(2, 8, 8, 8), PhiloxKey.of(2));
            memory.resetPeak();
            long before = memory.live();
            Tensor y = x.conv2d(w, Conv2dOptions.DEFAULT.padding(1));
            Buffer result = y.buffer();
            given.add(result.dtype().toString());
            long images = 2 * 8 * 8 * 8;
            long filters = 8 * 9 * 8;
            // x, w and y in 2 bytes, and less than y in 4 for a workspace.
            assertThat(memory.peak() - before)
                    .isBetween(2 * (2 * images + filters), 2 * (2 * images + filters) + 4 * images);
            assertThat(y.square().sum().backward().of(w).orElseThrow().dtype())
                    .isEqualTo(DType.FLOAT32);
        }
        assertThat(given).containsExactly("FLOAT16");
    }
}
