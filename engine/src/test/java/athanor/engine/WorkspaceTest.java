package athanor.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class WorkspaceTest {
    private static final int LENGTH = 5000;
    private static final long BYTES = 4L * LENGTH;
    private static final Shape SHAPE = Shape.of(LENGTH);

    private final Memory memory = Backend.cpu().memory();
    private final long before = memory.live();

    @Test
    void whatWasMadeInsideGoesBackAtTheEnd() {
        try (Workspace _ = Workspace.open()) {
            ones().add(ones());
            assertThat(used()).isEqualTo(3 * BYTES);
        }
        assertThat(used()).isZero();
    }

    @Test
    void aGraphThatIsNeverWalkedGoesBackToo() {
        try (Workspace _ = Workspace.open()) {
            Tensor x = ones().requireGradient();
            Tensor loss = Workspace.tidy(() -> x.square().exp().mul(x).sum());
            x.release();
            assertThat(loss.requiresGradient()).isTrue();
            assertThat(used()).as("x and its exponential").isGreaterThanOrEqualTo(2 * BYTES);
        }
        assertThat(used()).isZero();
    }

    @Test
    void aTensorIsRefusedAfterItsWorkspaceWasClosed() {
        Tensor x;
        Tensor loss;
        try (Workspace _ = Workspace.open()) {
            x = ones().requireGradient();
            loss = x.square().sum();
        }
        assertThatThrownBy(x::toFloats)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("after its workspace was closed")
                .hasMessageContaining("Workspace.outside");
        assertThatThrownBy(() -> x.add(1)).hasMessageContaining("after its workspace was closed");
        assertThatThrownBy(loss::backward).hasMessageContaining("after its workspace was closed");
    }

    @Test
    void aTensorIsRefusedAfterItWasReleased() {
        try (Workspace _ = Workspace.open()) {
            Tensor x = ones();
            Tensor alias = x.alias();
            x.release();
            x.release();
            assertThat(alias.toFloats()).containsOnly(1);
            alias.release();
            assertThat(used()).isZero();
            assertThatThrownBy(alias::toFloats).hasMessageContaining("it was released");
        }
        assertThat(used()).isZero();
    }

    @Test
    void additionAndReluKeepNoInput() {
        assertThat(kept(x -> x.add(1))).isEqualTo(BYTES);
        assertThat(kept(x -> x.sub(1).neg())).isEqualTo(BYTES);
        assertThat(kept(Tensor::relu)).isEqualTo(BYTES);
        assertThat(kept(x -> x.add(1).relu().add(1).neg())).isEqualTo(2 * BYTES);
        assertThat(kept(x -> x.reshape(-1, 10))).isEqualTo(BYTES);
        assertThat(kept(Tensor::square)).as("square keeps x").isEqualTo(2 * BYTES);
    }

    @Test
    void anEdgeDoesNotKeepItsInputAlive() {
        try (Workspace _ = Workspace.open()) {
            Tensor x = ones().requireGradient();
            Tensor y = Workspace.tidy(() -> x.mul(3).relu().add(2).mul(5).sum());
            x.release();
            long whileWaiting = used();
            assertThat(whileWaiting).isLessThan(2 * BYTES);
            Gradients gradients = y.backward();
            assertThat(gradients.of(x).orElseThrow().toFloats()).containsOnly(15);
            gradients.of(x).orElseThrow().release();
            assertThat(used()).as("what relu had saved is back").isLessThan(BYTES);
        }
        assertThat(used()).isZero();
    }

    @Test
    void theBackwardPassGivesBackWhatItHasPassed() {
        try (Workspace _ = Workspace.open()) {
            Tensor x = ones().requireGradient();
            Tensor y = Workspace.tidy(() -> deep(x, 50).sum());
            long forward = used();
            assertThat(forward).isGreaterThan(50 * BYTES);
            memory.resetPeak();
            y.backward();
            assertThat(memory.peak() - before).isLessThan(forward + 5 * BYTES);
            assertThat(used()).as("x and its gradient").isLessThan(3 * BYTES);
        }
    }

    @Test
    void tidyKeepsTheResultAlone() {
        try (Workspace _ = Workspace.open()) {
            Tensor x = ones();
            Tensor y = Workspace.tidy(() -> x.add(1).square().add(1));
            assertThat(used()).isLessThan(2 * BYTES + 1000);
            assertThat(y.toFloats()).containsOnly(5);
            assertThat(Workspace.tidy(() -> x)).isSameAs(x);
            Tensor view = Workspace.tidy(() -> x.add(1).reshape(-1, 10));
            assertThat(view.toFloats()).containsOnly(2);
        }
        assertThat(Workspace.tidy(() -> ones().add(1)).toFloats()).containsOnly(2);
    }

    @Test
    void whatIsMadeOutsideLivesOn() {
        Tensor kept;
        try (Workspace _ = Workspace.open()) {
            kept = Workspace.outside(() -> ones().add(1));
            assertThat(used()).isZero();
            kept.reshape(-1, 10);
            kept.release();
        }
        assertThat(kept.toFloats()).containsOnly(2);
    }

    @Test
    void aParameterGradientBelongsToTheWorkspaceOfTheWalk() {
        Tensor weight = ones().requireGradient();
        Gradients gradients;
        try (Workspace _ = Workspace.open()) {
            gradients = weight.square().sum().backward();
            assertThat(gradients.of(weight).orElseThrow().toFloats()).containsOnly(2);
        }
        assertThat(weight.toFloats()).containsOnly(1);
        Tensor gradient = gradients.of(weight).orElseThrow();
        assertThatThrownBy(gradient::toFloats).hasMessageContaining("workspace was closed");
    }

    @Test
    void aThousandStepsUseWhatTheFirstTwoAllocated() {
        Tensor weight = Tensor.full(Backend.cpu(), DType.FLOAT32, Shape.of(20, 10), 0.1);
        Tensor scale = Tensor.full(Backend.cpu(), DType.FLOAT32, Shape.of(10), 1);
        weight.requireGradient();
        scale.requireGradient();
        List<Long> pooled = new ArrayList<>();
        for (int step = 0; step < 1000; step++) {
            try (Workspace _ = Workspace.open()) {
                Tensor x = Tensor.full(Backend.cpu(), DType.FLOAT32, Shape.of(8, 20), step);
                Tensor y = x.matmul(weight);
                Tensor loss =
                        y.batchNorm(y.moments(), true, scale, scale, 1e-5, Optional.empty(), true)
                                .softmax()
                                .square()
                                .mean();
                Gradients gradients = loss.backward();
                weight.assign(weight.sub(gradients.of(weight).orElseThrow().mul(0.1)));
            }
            assertThat(used()).isZero();
            pooled.add(memory.pooled());
        }
        assertThat(pooled.subList(1, pooled.size())).containsOnly(pooled.get(1));
    }

    @Test
    void aFailedStepGivesEverythingBack() {
        Tensor weight = ones().requireGradient();
        assertThatThrownBy(
                        () -> {
                            try (Workspace _ = Workspace.open()) {
                                weight.square().add(Tensor.zeros(Shape.of(3)));
                            }
                        })
                .isInstanceOf(ShapeMismatch.class);
        assertThat(used()).isZero();
        assertThat(Workspace.current()).isNull();
    }

    @Test
    void aBackendWithoutRoomSaysHowMuchWasAskedForAndHowMuchIsInUse() {
        Tensor held;
        try (Workspace _ = Workspace.open()) {
            held = ones();
            assertThatThrownBy(() -> Tensor.zeros(Shape.of(Integer.MAX_VALUE - 9)))
                    .isInstanceOf(OutOfMemory.class)
                    .hasMessageContaining("8,191 MB asked for")
                    .hasMessageContaining("smaller batch");
            assertThat(held.toFloats()).containsOnly(1);
        }
    }

    private long kept(UnaryOperator<Tensor> function) {
        try (Workspace _ = Workspace.open()) {
            Tensor x = ones().requireGradient();
            Tensor y = Workspace.tidy(() -> function.apply(x));
            x.release();
            assertThat(y.requiresGradient()).isTrue();
            return used() / BYTES * BYTES;
        }
    }

    private static Tensor deep(Tensor x, int depth) {
        Tensor y = x;
        for (int i = 0; i < depth; i++) {
            y = y.tanh();
        }
        return y;
    }

    private long used() {
        return memory.live() - before;
    }

    private static Tensor ones() {
        return Tensor.full(Backend.cpu(), DType.FLOAT32, SHAPE, 1);
    }

    @Test
    void aNormWritesItsGradientsWhereNothingElseIsRead() {
        Shape shape = Shape.of(LENGTH / 10, 10);
        Shape channels = Shape.of(10);
        Tensor input = Tensor.of(Backend.cpu(), shape, HostBuffer.of(numbers(LENGTH, 1)));
        Tensor residual = Tensor.of(Backend.cpu(), shape, HostBuffer.of(numbers(LENGTH, 2)));
        Tensor gamma = Tensor.full(Backend.cpu(), DType.FLOAT32, channels, 1.5).requireGradient();
        Tensor beta = Tensor.full(Backend.cpu(), DType.FLOAT32, channels, 0.1).requireGradient();
        List<float[]> kept = gradients(input, residual, gamma, beta, UnaryOperator.identity());
        List<float[]> overwritten = new ArrayList<>();
        try (Workspace _ = Workspace.open()) {
            overwritten.addAll(
                    gradients(input, residual, gamma, beta, x -> Workspace.tidy(() -> x.mul(1))));
        }
        assertThat(overwritten).hasSameSizeAs(kept);
        for (int i = 0; i < kept.size(); i++) {
            assertThat(overwritten.get(i)).isEqualTo(kept.get(i));
        }
    }

    /// @param passed makes a tensor that only the norm needs, if it can
    private static List<float[]> gradients(
            Tensor input,
            Tensor residual,
            Tensor gamma,
            Tensor beta,
            UnaryOperator<Tensor> passed) {
        Tensor a = input.alias().requireGradient();
        Tensor b = residual.alias().requireGradient();
        Tensor loss =
                Workspace.tidy(
                        () -> {
                            Tensor x = passed.apply(a);
                            Optional<Tensor> added = Optional.of(passed.apply(b));
                            return x.batchNorm(x.moments(), true, gamma, beta, 1e-5, added, true)
                                    .mul(input)
                                    .sum();
                        });
        Gradients gradients = loss.backward();
        return List.of(a, b, gamma, beta).stream()
                .map(leaf -> gradients.of(leaf).orElseThrow().toFloats())
                .toList();
    }

    private static float[] numbers(int length, int seed) {
        float[] numbers = new float[length];
        for (int i = 0; i < length; i++) {
            numbers[i] = (float) Math.sin(i * (double) (seed + 3));
        }
        return numbers;
    }
}
