package athanor.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/// The loss is the sum of c/2 w^2, the learning rate 0.1, 0.1/2, 0.1/3, ... The numbers are those
/// of torch.optim in PyTorch 2.13. Five values stand in a row again and again, so that vectors and
/// the rest behind them are computed alike.
class OptimizerTest {
    private static final int COPIES = 9;
    private static final float[] START = {1, -2, 0.5f, 3, -0.25f};
    private static final float[] CURVATURE = {0.5f, 1, -1.5f, 2, 0.1f};

    private static float[] repeated(float... values) {
        float[] all = new float[COPIES * values.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = values[i % values.length];
        }
        return all;
    }

    private static Tensor vector(float... values) {
        return Tensor.of(Shape.of(values.length), values);
    }

    /// The parameter `w`, the parameter `idle` that the loss does not depend on, and an optimizer.
    private static final class Descent {
        final Tensor c = vector(repeated(CURVATURE));
        final Tensor w = vector(repeated(START)).requireGradient();
        final Tensor idle = vector(7, 8).requireGradient();
        final Optimizer optimizer;

        Descent(Function<Map<String, Tensor>, Optimizer> maker) {
            Map<String, Tensor> parameters = new LinkedHashMap<>();
            parameters.put("w", w);
            parameters.put("idle", idle);
            optimizer = maker.apply(parameters);
        }

        void step(int number, OptionalDouble momentum) {
            try (Workspace _ = Workspace.open()) {
                Tensor loss = c.mul(w).mul(w).sum().mul(0.5);
                optimizer.step(loss.backward(), new Schedule.Rate(0.1 / (number + 1), momentum));
            }
        }

        void assertPath(float[][] expected) {
            for (int i = 0; i < expected.length; i++) {
                step(i, OptionalDouble.empty());
                assertAt(i, expected[i]);
            }
        }

        void assertCycledPath(float[][] expected) {
            for (int i = 0; i < expected.length; i++) {
                step(i, OptionalDouble.of(0.95 - 0.02 * i));
                assertAt(i, expected[i]);
            }
        }

        private void assertAt(int step, float[] expected) {
            assertThat(w.toFloats())
                    .as("step %d", step)
                    .containsExactly(repeated(expected), within(2e-6f));
            assertThat(idle.toFloats()).containsExactly(7, 8);
            assertThat(optimizer.steps()).isEqualTo(step + 1);
        }
    }

    private static Function<Map<String, Tensor>, Optimizer> of(String... changes) {
        Settings settings = Settings.initial();
        for (int i = 0; i < changes.length; i += 2) {
            settings = settings.with(Setting.named(changes[i]).orElseThrow(), changes[i + 1]);
        }
        Settings all = settings;
        return parameters -> Optimizer.of(all, parameters);
    }

    @Test
    void sgdWithoutMomentumIsPytorchs() {
        new Descent(of("momentum", "0"))
                .assertPath(
                        new float[][] {
                            {0.949999988f, -1.79999995f, 0.574999988f, 2.4000001f, -0.247500002f},
                            {0.926249981f, -1.70999992f, 0.618124962f, 2.16000009f, -0.246262506f},
                            {0.910812497f, -1.65299988f, 0.649031222f, 2.01600003f, -0.24544163f},
                            {0.899427354f, -1.6116749f, 0.673369884f, 1.9152f, -0.24482803f},
                            {0.890433073f, -1.57944143f, 0.693570971f, 1.83859205f, -0.244338378f},
                        });
    }

    @Test
    void sgdWithMomentumAndWeightDecayIsPytorchs() {
        new Descent(of("momentum", "0.9", "weight-decay", "0.05"))
                .assertPath(
                        new float[][] {
                            {0.944999993f, -1.78999996f, 0.57249999f, 2.38499999f, -0.246250004f},
                            {0.894262493f, -1.60152495f, 0.646631241f, 1.86378753f, -0.242715627f},
                            {0.847425163f, -1.43238652f, 0.72236383f, 1.42370117f, -0.239381418f},
                            {0.804157853f, -1.28061795f, 0.799669027f, 1.05367827f, -0.236233145f},
                            {0.764159679f, -1.14445162f, 0.878519177f, 0.744060993f, -0.233257696f},
                        });
    }

    @Test
    void sgdWithNesterovIsPytorchs() {
        new Descent(of("nesterov", "on", "weight-decay", "0.05"))
                .assertPath(
                        new float[][] {
                            {0.895500004f, -1.60100007f, 0.63775003f, 1.83149993f, -0.242874995f},
                            {0.826435149f, -1.35625029f, 0.754962623f, 1.22574031f, -0.23789528f},
                            {0.770984471f, -1.16964126f, 0.866878808f, 0.815779865f, -0.233740374f},
                            {0.723640442f, -1.01738572f, 0.977497816f, 0.516157269f, -0.230073318f},
                            {0.682061374f, -0.889274299f, 1.08837807f, 0.290322632f, -0.226752713f},
                        });
    }

    @Test
    void aScheduleCyclesTheMomentumOfSgd() {
        new Descent(of())
                .assertCycledPath(
                        new float[][] {
                            {0.949999988f, -1.79999995f, 0.574999988f, 2.4000001f, -0.247500002f},
                            {0.902999997f, -1.61699998f, 0.652999997f, 1.88100004f, -0.245100006f},
                            {0.859436631f, -1.45208001f, 0.732969999f, 1.44073999f, -0.242827013f},
                            {0.819615126f, -1.30569386f, 0.813836336f, 1.07482946f, -0.240702718f},
                            {0.783703208f, -1.17769527f, 0.894534409f, 0.777162492f, -0.238742799f},
                        });
    }

    @Test
    void adamWithWeightDecayIsPytorchs() {
        new Descent(of("optimizer", "adam", "weight-decay", "0.05"))
                .assertPath(
                        new float[][] {
                            {0.899999976f, -1.89999998f, 0.600000024f, 2.9000001f, -0.150000036f},
                            {0.850206077f, -1.85008323f, 0.650030673f, 2.8500514f, -0.10212554f},
                            {0.817137003f, -1.81685746f, 0.683469355f, 2.81678486f, -0.0717985183f},
                            {0.792426527f, -1.79197586f, 0.708624005f, 2.79185867f, -0.050358925f},
                            {0.772729397f, -1.77210009f, 0.728810608f, 2.77193618f, -0.0343280882f},
                        });
    }

    @Test
    void adamwIsPytorchs() {
        new Descent(of("optimizer", "adamw", "weight-decay", "0.05"))
                .assertPath(
                        new float[][] {
                            {0.895000041f, -1.88999999f, 0.597500026f, 2.88500023f, -0.148750037f},
                            {0.842983305f, -1.83536863f, 0.646040797f, 2.8278482f, -0.100558013f},
                            {0.80852747f, -1.79909706f, 0.67840445f, 2.78988004f, -0.0701392815f},
                            {0.782825828f, -1.77198064f, 0.702711046f, 2.7614789f, -0.0487005487f},
                            {0.762365878f, -1.7503475f, 0.722193599f, 2.73880816f, -0.0327178538f},
                        });
    }

    @Test
    void aScheduleCyclesTheFirstBetaOfAdam() {
        new Descent(of("optimizer", "adam"))
                .assertCycledPath(
                        new float[][] {
                            {0.900000036f, -1.89999998f, 0.600000024f, 2.9000001f, -0.150000036f},
                            {0.857399404f, -1.85712028f, 0.64372462f, 2.85703707f, -0.110275902f},
                            {0.831432283f, -1.83085513f, 0.670878172f, 2.83068395f, -0.0876772255f},
                            {0.812869668f, -1.81200552f, 0.69057101f, 2.81175017f, -0.0725863278f},
                            {0.798318505f, -1.79717946f, 0.706194639f, 2.79684401f, -0.061536409f},
                        });
    }

    @Test
    void whatItRemembersHasTheNameOfTheParameterAndAWord() {
        assertThat(new Descent(of()).optimizer.state())
                .containsOnlyKeys("w.velocity", "idle.velocity");
        assertThat(new Descent(of("momentum", "0")).optimizer.state()).isEmpty();
        assertThat(new Descent(of("optimizer", "adamw")).optimizer.state())
                .containsOnlyKeys("w.mean", "idle.mean", "w.square", "idle.square");
    }

    @Test
    void oneThatIsResumedGoesOnAsTheOneBefore() {
        for (String kind : new String[] {"sgd", "adam"}) {
            Descent whole = new Descent(of("optimizer", kind));
            Descent second = new Descent(of("optimizer", kind));
            for (int i = 0; i < 5; i++) {
                if (i == 3) {
                    second.w.assign(whole.w);
                    second.optimizer
                            .state()
                            .forEach(
                                    (name, tensor) -> {
                                        Tensor other = whole.optimizer.state().get(name);
                                        tensor.assign(java.util.Objects.requireNonNull(other));
                                    });
                    second.optimizer.resumeAt(3);
                }
                whole.step(i, OptionalDouble.empty());
                if (i >= 3) {
                    second.step(i, OptionalDouble.empty());
                }
            }
            assertThat(second.w.toFloats()).containsExactly(whole.w.toFloats());
            assertThat(second.optimizer.steps()).isEqualTo(5);
        }
    }
}
