package athanor.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

/// The numbers are those of torch.optim.lr_scheduler in PyTorch 2.13.
class ScheduleTest {
    private static final double[] ONE_CYCLE_RATES = {
        0.016000000000000014, 0.1399158616878332, 0.3517140636488515, 0.39776617418036475,
        0.3732051879365647, 0.3246982615799052, 0.25895159907804133, 0.18505484106679002,
        0.11322439928347969, 0.05339101207553224, 0.01382679497015809, 1.6e-06
    };
    private static final double[] ONE_CYCLE_MOMENTA = {
        0.95, 0.9177302443521267, 0.8625744625914449, 0.8505584586887436,
        0.856698729810778, 0.8688255099070633, 0.8852622412794547, 0.9037365046793212,
        0.9216941869558779, 0.9366525935914912, 0.9465436874322102, 0.95
    };
    private static final double[] WARM_COSINE = {
        0.1,
        0.2,
        0.30000000000000004,
        0.4,
        0.4,
        0.3732050807568878,
        0.30000000000000004,
        0.2,
        0.10000000000000005,
        0.02679491924311226
    };

    private static Settings settings(String schedule, int epochs) {
        return Settings.initial()
                .with(Setting.SCHEDULE, schedule)
                .with(Setting.EPOCHS, String.valueOf(epochs))
                .with(Setting.LEARNING_RATE, "0.4");
    }

    private static void assertRates(Schedule schedule, double... expected) {
        for (int step = 0; step < expected.length; step++) {
            assertThat(schedule.at(step).learningRate())
                    .as("step %d", step)
                    .isEqualTo(expected[step], within(1e-12));
        }
    }

    private static void assertMomenta(Schedule schedule, double... expected) {
        for (int step = 0; step < expected.length; step++) {
            assertThat(schedule.at(step).momentum().orElseThrow())
                    .as("step %d", step)
                    .isEqualTo(expected[step], within(1e-12));
        }
    }

    private static Schedule oneCycle(
            long steps, double pct, double div, double finalDiv, double low, double high) {
        return new Schedule.OneCycle(
                0.1,
                steps,
                pct,
                div,
                finalDiv,
                OptionalDouble.of(low),
                OptionalDouble.of(high),
                false);
    }

    @Test
    void oneCycleIsPytorchsAtEveryStep() {
        Schedule asked = Schedule.of(settings("onecycle", 3).with(Setting.MAX_LR, "0.4"), 4);
        assertRates(asked, ONE_CYCLE_RATES);
        assertMomenta(asked, ONE_CYCLE_MOMENTA);
        Schedule seven = oneCycle(7, 0.25, 10, 100, 0.8, 0.9);
        assertRates(
                seven,
                0.009999999999999995,
                0.09944209976994517,
                0.08666594099789983,
                0.06116492065111791,
                0.03180121583289857,
                0.008779373222916066,
                0.0001);
        assertMomenta(
                seven,
                0.9,
                0.8005584586887436,
                0.8133474064085088,
                0.8388739533021843,
                0.8682670512183198,
                0.8913119387157997,
                0.9);
    }

    @Test
    void oneCycleOfTwoStepsBeginsBeyondItsTop() {
        Schedule two = oneCycle(2, 0.3, 25, 1e4, 0.85, 0.95);
        assertRates(two, 0.0811745653949763, 4e-07);
        assertMomenta(two, 0.8688255099070633, 0.95);
    }

    @Test
    void oneCycleCanLeaveTheMomentumAlone() {
        Settings off = settings("onecycle", 3).with(Setting.CYCLE_MOMENTUM, "off");
        assertThat(Schedule.of(off, 4).at(3).momentum()).isEmpty();
        assertThatThrownBy(
                        () ->
                                Schedule.of(
                                        settings("onecycle", 3)
                                                .with(Setting.CYCLE_MOMENTUM, "0.85"),
                                        4))
                .isInstanceOf(InvalidSetting.class)
                .hasMessage(
                        "--cycle-momentum 0.85: accepted is two numbers, as in 0.85,0.95, or off");
    }

    @Test
    void cosineIsPytorchs() {
        Schedule schedule = Schedule.of(settings("cosine", 3), 3);
        assertRates(
                schedule,
                0.4,
                0.3879385241571817,
                0.35320888862379557,
                0.3,
                0.2347296355333861,
                0.16527036446661394,
                0.10000000000000005,
                0.04679111137620442,
                0.012061475842818338,
                0.0);
        assertThat(schedule.at(3).momentum()).isEmpty();
    }

    @Test
    void stepFallsAfterEachMilestone() {
        Settings settings =
                settings("step", 4).with(Setting.MILESTONES, "2,3").with(Setting.GAMMA, "0.2");
        assertRates(
                Schedule.of(settings, 3),
                0.4,
                0.4,
                0.4,
                0.4,
                0.4,
                0.4,
                0.08,
                0.08,
                0.08,
                0.016,
                0.016,
                0.016);
    }

    @Test
    void warmUpRisesInAStraightLineAndThenTheScheduleBegins() {
        Settings cosine = settings("cosine", 5).with(Setting.WARMUP_EPOCHS, "2");
        assertRates(Schedule.of(cosine, 2), WARM_COSINE);
        Settings constant = settings("constant", 5).with(Setting.WARMUP_EPOCHS, "1");
        assertRates(Schedule.of(constant, 4), 0.1, 0.2, 0.3, 0.4, 0.4, 0.4);
        assertRates(Schedule.of(settings("constant", 5), 4), 0.4, 0.4);
    }

    @Test
    void aWarmUpLongerThanTheTrainingJustRises() {
        for (String epochs : new String[] {"2", "3", "4"}) {
            Settings settings = settings("cosine", 1).with(Setting.WARMUP_EPOCHS, epochs);
            double steps = 4 * Integer.parseInt(epochs);
            assertRates(
                    Schedule.of(settings, 4), 0.4 / steps, 0.8 / steps, 1.2 / steps, 1.6 / steps);
        }
    }
}
