package athanor.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import athanor.engine.Backend;
import athanor.engine.Communicator;
import athanor.engine.DType;
import athanor.engine.GradMode;
import athanor.engine.Gradients;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.BatchNorm2d;
import athanor.nn.Module;
import athanor.nn.model.Models;
import athanor.train.data.DataLoader;
import athanor.train.data.Datasets;
import athanor.train.data.Split;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Training over ranks that are threads; `MpiTest` in cli has real ones.
class DataParallelTest {
    private static final Shape IMAGES = Shape.of(8, 2, 2, 3);

    private static Tensor normal(Shape shape, String key) {
        return Tensor.normal(Backend.cpu(), DType.FLOAT64, shape, PhiloxKey.of(7).derive(key));
    }

    /// Two norms behind each other, so that the gradient of the first goes through the second.
    private static List<double[]> step(Communicator ranks, int from, int to) {
        BatchNorm2d first = new BatchNorm2d(3);
        BatchNorm2d second = new BatchNorm2d(3);
        for (BatchNorm2d norm : List.of(first, second)) {
            norm.to(Backend.cpu(), DType.FLOAT64);
            norm.initialize(PhiloxKey.of(3));
            norm.synchronize(ranks);
        }
        Tensor x = normal(IMAGES, "x").slice(0, from, to);
        Tensor target = normal(IMAGES, "target").slice(0, from, to);
        Tensor y = second.forward(first.forward(x).square().mul(target));
        Tensor loss = y.mul(target).square().mean();
        double weight = (to - from) / 8.0;
        Gradients gradients = new DataParallel(ranks).backward(loss, weight);
        List<double[]> results = new ArrayList<>();
        results.add(gradients.of(first.parameter("bias").tensor()).orElseThrow().toDoubles());
        results.add(gradients.of(second.parameter("bias").tensor()).orElseThrow().toDoubles());
        results.add(first.parameter("running_mean").tensor().toDoubles());
        results.add(second.parameter("running_var").tensor().toDoubles());
        return results;
    }

    @ParameterizedTest
    @CsvSource({"2, 0 4 8", "2, 0 3 8", "4, 0 2 4 6 8", "3, 0 1 2 8"})
    void synchronizedBatchNormIsThatOfTheWholeBatch(int size, String cuts) {
        List<double[]> whole = step(Communicator.single(), 0, 8);
        String[] at = cuts.split(" ");
        List<List<double[]>> parts =
                ThreadRanks.run(
                        size,
                        ranks ->
                                step(
                                        ranks,
                                        Integer.parseInt(at[ranks.rank()]),
                                        Integer.parseInt(at[ranks.rank() + 1])));
        for (List<double[]> part : parts) {
            for (int i = 0; i < whole.size(); i++) {
                assertThat(part.get(i)).containsExactly(whole.get(i), within(1e-12));
            }
        }
    }

    @Test
    void withoutSynchronizationItIsNot() {
        List<List<double[]>> parts =
                ThreadRanks.run(
                        2,
                        ranks ->
                                step(
                                        Communicator.single(),
                                        4 * ranks.rank(),
                                        4 * ranks.rank() + 4));
        double whole = step(Communicator.single(), 0, 8).getFirst()[0];
        double mean = (parts.get(0).getFirst()[0] + parts.get(1).getFirst()[0]) / 2;
        assertThat(mean).isNotCloseTo(whole, within(1e-3));
    }

    /// Notes what is begun and awaited, between the gradients of a backward pass.
    private static final class Recorder implements Communicator {
        final List<String> events = new ArrayList<>();

        @Override
        public String name() {
            return "recorder";
        }

        @Override
        public int rank() {
            return 0;
        }

        @Override
        public int size() {
            return 2;
        }

        @Override
        public Work allReduce(List<Tensor> tensors) {
            String name = tensors.stream().map(t -> t.shape().toString()).toList().toString();
            events.add("begin " + name);
            return () -> events.add("await " + name);
        }

        @Override
        public Work broadcast(List<Tensor> tensors) {
            return () -> {};
        }

        @Override
        public void barrier() {}

        @Override
        public void abort(int code) {}

        @Override
        public void close() {}
    }

    @Test
    void fullBucketsAreOnTheirWayWhileTheBackwardPassGoesOn() {
        Recorder recorder = new Recorder();
        Tensor a = Tensor.of(Shape.of(1, 2), 1, 2).requireGradient();
        Tensor b = Tensor.of(Shape.of(2, 3), 1, 2, 3, 4, 5, 6).requireGradient();
        Tensor c = Tensor.of(Shape.of(3, 4), new float[12]).requireGradient();
        Tensor loss = a.matmul(b).matmul(c).sum();
        new DataParallel(recorder, 6 * Float.BYTES).backward(loss, 0.5);
        // The last layer's gradient is there first. That of b fills a bucket before that of a.
        assertThat(recorder.events)
                .containsExactly(
                        "begin [[3, 4]]",
                        "begin [[2, 3]]",
                        "begin [[1, 2]]",
                        "await [[3, 4]]",
                        "await [[2, 3]]",
                        "await [[1, 2]]");
        recorder.events.clear();
        new DataParallel(recorder, 1000).backward(a.matmul(b).matmul(c).sum(), 0.5);
        assertThat(recorder.events)
                .containsExactly(
                        "begin [[3, 4], [2, 3], [1, 2]]", "await [[3, 4], [2, 3], [1, 2]]");
    }

    private static Module network() {
        Module model = Models.create("resnet8", 10, 3, 32, Optional.empty());
        model.initialize(PhiloxKey.of(5));
        return model;
    }

    @Test
    void evaluationOnManyRanksIsThatOfOneToTheBit() {
        DataLoader loader =
                DataLoader.evaluation(
                        new FirstImages(
                                Datasets.open("shapes10", Split.TEST, Optional.empty(), 0), 70),
                        Datasets.named("cifar10").normalization(),
                        7,
                        0);
        Evaluation one =
                new Evaluator(loader, Backend.cpu(), TestTime.NONE).evaluate(network(), _ -> {});
        for (int size : new int[] {3, 8, 11}) {
            List<Evaluation> many =
                    ThreadRanks.run(
                            size,
                            ranks ->
                                    new Evaluator(loader, Backend.cpu(), TestTime.NONE, ranks)
                                            .evaluate(network(), _ -> {}));
            for (Evaluation each : many) {
                assertThat(each.loss()).isEqualTo(one.loss());
                assertThat(each.accuracy1()).isEqualTo(one.accuracy1());
                assertThat(each.accuracy5()).isEqualTo(one.accuracy5());
                assertThat(each.confusion()).isDeepEqualTo(one.confusion());
                assertThat(each.mistakes()).isNotEmpty().isEqualTo(one.mistakes());
            }
        }
    }

    @Test
    void allStartFromTheParametersOfRankZero() {
        List<double[]> parameters =
                ThreadRanks.run(
                        3,
                        ranks -> {
                            Module model = Models.create("resnet8", 10, 3, 32, Optional.empty());
                            model.initialize(PhiloxKey.of(ranks.rank()));
                            new DataParallel(ranks).start(model);
                            return model.parameter("fc.weight").tensor().toDoubles();
                        });
        assertThat(parameters.get(1)).isEqualTo(parameters.get(0));
        assertThat(parameters.get(2)).isEqualTo(parameters.get(0));
    }

    @Test
    void oneRankComputesTheBitsThatItAlwaysDid() {
        try (Workspace _ = Workspace.open()) {
            Tensor x = normal(Shape.of(4, 5), "x").requireGradient();
            Tensor loss = x.square().mean();
            double[] plain = loss.backward().of(x).orElseThrow().toDoubles();
            Tensor again = x.square().mean();
            DataParallel alone = new DataParallel(Communicator.single());
            assertThat(alone.backward(again, 1).of(x).orElseThrow().toDoubles()).isEqualTo(plain);
            assertThat(GradMode.off(() -> alone.sum(0.1, 3))).containsExactly(0.1, 3);
        }
    }

    private static Map<String, String> facts(String... pairs) {
        Map<String, String> facts = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            facts.put(pairs[i], pairs[i + 1]);
        }
        return facts;
    }

    @Test
    void ranksThatDisagreeAreToldWhoAndInWhat() {
        assertThat(
                        ThreadRanks.run(
                                3,
                                ranks -> {
                                    Agreement.check(ranks, "", facts("--lr", "0.1"));
                                    return true;
                                }))
                .containsOnly(true);
        assertThatThrownBy(
                        () ->
                                ThreadRanks.run(
                                        3,
                                        ranks -> {
                                            String lr = ranks.rank() == 2 ? "0.2" : "0.1";
                                            Agreement.check(
                                                    ranks,
                                                    "rank " + ranks.rank() + " on b",
                                                    facts("--model", "resnet8", "--lr", lr));
                                            return true;
                                        }))
                .isInstanceOf(InvalidSetting.class)
                .hasMessage("rank 2 on b has --lr = 0.2, rank 0 has 0.1; all ranks need the same");
        assertThatThrownBy(
                        () ->
                                ThreadRanks.run(
                                        2,
                                        ranks -> {
                                            Agreement.check(
                                                    ranks,
                                                    "rank 1",
                                                    ranks.isRoot()
                                                            ? facts()
                                                            : facts("--nesterov", "on"));
                                            return true;
                                        }))
                .hasMessageContaining("rank 1 has --nesterov = on, rank 0 has not given");
    }

    @Test
    void dataThatDifferInOneLabelOrClassAreSeen() {
        var shapes = Datasets.open("shapes10", Split.TEST, Optional.empty(), 0);
        assertThat(Agreement.of(new FirstImages(shapes, 20)))
                .isEqualTo(Agreement.of(new FirstImages(shapes, 20)))
                .isNotEqualTo(Agreement.of(new FirstImages(shapes, 21)))
                .isNotEqualTo(
                        Agreement.of(
                                new FirstImages(
                                        Datasets.open("shapes10", Split.TRAIN, Optional.empty(), 0),
                                        20)));
    }
}
