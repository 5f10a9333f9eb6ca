package athanor.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import athanor.engine.backend.Cuda;
import athanor.kernels.cuda.Devices;
import athanor.kernels.optimize.AdamStep;
import athanor.kernels.optimize.SgdStep;
import athanor.kernels.optimize.UpdateRule;
import athanor.kernels.random.PhiloxKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// A step that a GPU records: two layers with dropout, one trained by SGD and one by Adam.
class RepeatedTest {
    private static final int STEPS = 20;

    private final Cuda cuda = new Cuda("cuda-sim", Devices.simulated(64 << 20, 3));

    /// Parameters, what is kept of them, and a batch, at fixed places.
    private static final class Network {
        final Tensor x;
        final Tensor first;
        final Tensor second;
        final List<Tensor> state = new ArrayList<>();
        final Tensor loss;

        Network(Backend backend) {
            x = Tensor.normal(backend, DType.FLOAT32, Shape.of(6, 17), PhiloxKey.of(1));
            first = normal(backend, Shape.of(17, 33), 2).requireGradient();
            second = normal(backend, Shape.of(33, 3), 3).requireGradient();
            state.add(Tensor.zeros(backend, DType.FLOAT32, first.shape()));
            state.add(Tensor.zeros(backend, DType.FLOAT32, second.shape()));
            state.add(Tensor.zeros(backend, DType.FLOAT32, second.shape()));
            loss = Tensor.zeros(backend, DType.FLOAT32, Shape.SCALAR);
        }

        private static Tensor normal(Backend backend, Shape shape, int seed) {
            return Tensor.normal(backend, DType.FLOAT32, shape, PhiloxKey.of(seed));
        }

        void step(List<UpdateRule> rules) {
            try (Workspace _ = Workspace.open()) {
                Tensor hidden = x.matmul(first).relu().dropout(0.5);
                Tensor mean = hidden.matmul(second).dropout(0.1).square().mean();
                Gradients gradients = mean.backward();
                Backend backend = x.backend();
                backend.update(rules.get(0), List.of(update(first, gradients, state.get(0))));
                backend.update(
                        rules.get(1),
                        List.of(update(second, gradients, state.get(1), state.get(2))));
                loss.assign(mean);
            }
        }

        private static Backend.Update update(Tensor parameter, Gradients of, Tensor... state) {
            return new Backend.Update(
                    parameter.buffer(),
                    of.of(parameter).orElseThrow().buffer(),
                    Arrays.stream(state).map(Tensor::buffer).toList(),
                    parameter.size());
        }

        static List<UpdateRule> rules(int i) {
            return List.of(
                    new SgdStep(0.1 / (i + 1), 0.9 - 0.01 * i, 1e-4, true, i == 0),
                    new AdamStep(0.01 * (i + 1), 0.9, 0.999, 1e-8, 0.01, true, i + 1));
        }
    }

    /// All losses, then both parameters.
    private static List<float[]> train(Network network, Repeated work) {
        List<float[]> bits = new ArrayList<>();
        for (int i = 0; i < STEPS; i++) {
            work.run(PhiloxKey.of(9).derive(i), Network.rules(i));
            bits.add(network.loss.toFloats());
        }
        bits.add(network.first.toFloats());
        bits.add(network.second.toFloats());
        return bits;
    }

    @Test
    void aGraphHasTheBitsOfTheWorkItself() {
        Network plain = new Network(cuda);
        List<float[]> wanted = train(plain, Repeated.plainly(plain::step));
        Network recorded = new Network(cuda);
        try (Repeated work = Repeated.of(cuda, recorded::step)) {
            List<float[]> actual = train(recorded, work);
            assertThat(actual).usingRecursiveComparison().isEqualTo(wanted);
        }
        assertThat(wanted.subList(0, STEPS).stream().map(loss -> loss[0]).distinct())
                .as("keys and rates change from step to step")
                .hasSize(STEPS);
    }

    @Test
    void onTheCpuItIsTheWorkItself() {
        Network plain = new Network(Backend.cpu());
        Network other = new Network(Backend.cpu());
        assertThat(train(other, Repeated.of(Backend.cpu(), other::step)))
                .usingRecursiveComparison()
                .isEqualTo(train(plain, Repeated.plainly(plain::step)));
    }

    @Test
    void oneLaunchAStepAndNoMoreMemory() {
        Network network = new Network(cuda);
        try (Repeated work = Repeated.of(cuda, network::step)) {
            List<Long> launches = new ArrayList<>();
            List<Long> held = new ArrayList<>();
            for (int i = 0; i < STEPS; i++) {
                long before = cuda.launches();
                work.run(PhiloxKey.of(i), Network.rules(i));
                launches.add(cuda.launches() - before);
                held.add(cuda.deviceBytes());
            }
            assertThat(launches.get(0)).isGreaterThan(20);
            // The third run launches into the graph, and then the graph.
            assertThat(launches.subList(3, STEPS)).containsOnly(1L);
            assertThat(held.subList(3, STEPS)).containsOnly(held.get(3));
        }
    }

    @Test
    void aThousandStepsTakeNoMoreMemory() {
        for (boolean recorded : new boolean[] {false, true}) {
            Network network = new Network(cuda);
            long flat = 0;
            try (Repeated work =
                    recorded ? Repeated.of(cuda, network::step) : Repeated.plainly(network::step)) {
                for (int i = 0; i < 1000; i++) {
                    work.run(PhiloxKey.of(i), Network.rules(i % 50));
                    long bytes = cuda.deviceBytes() + cuda.memory().live() + cuda.memory().pooled();
                    flat = i < 4 ? bytes : flat;
                    assertThat(bytes).as("step %d", i).isEqualTo(flat);
                }
            }
            assertThat(network.loss.item()).isFinite();
        }
    }

    @Test
    void whatIsReadBackCannotBeRecorded() {
        Network network = new Network(cuda);
        int[] runs = new int[1];
        try (Repeated work =
                Repeated.of(
                        cuda,
                        rules -> {
                            network.step(rules);
                            runs[0]++;
                            assertThat(network.loss.item()).isFinite();
                        })) {
            work.run(PhiloxKey.of(0), Network.rules(0));
            work.run(PhiloxKey.of(1), Network.rules(1));
            assertThatThrownBy(() -> work.run(PhiloxKey.of(2), Network.rules(2)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("a copy to the program")
                    .hasMessageContaining("--cuda-graph off");
        }
        assertThat(network.loss.item()).as("the device is still of use").isFinite();
    }

    @Test
    void allocationAndOtherRandomNumbersCannotBeRecorded() {
        for (int kind = 0; kind < 3; kind++) {
            int wrong = kind;
            Network network = new Network(cuda);
            int[] runs = new int[1];
            Repeated work =
                    Repeated.of(
                            cuda,
                            rules -> {
                                network.step(rules);
                                if (runs[0]++ == 2) {
                                    misbehave(wrong, network.state.getFirst().buffer());
                                }
                            });
            IntStream.range(0, 2).forEach(i -> work.run(PhiloxKey.of(i), Network.rules(i)));
            assertThatThrownBy(() -> work.run(PhiloxKey.of(2), Network.rules(2)))
                    .hasMessageContaining(
                            List.of("an allocation", "random numbers", "Randomness.next()")
                                    .get(wrong));
        }
    }

    private void misbehave(int kind, Buffer taken) {
        switch (kind) {
            case 0 -> cuda.allocate(DType.FLOAT32, 1);
            case 1 -> cuda.normal(PhiloxKey.of(0), taken, 102);
            default -> cuda.dropoutMask(PhiloxKey.of(77), 0.5, taken, 102);
        }
    }
}
