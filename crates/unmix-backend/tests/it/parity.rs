//! Other backends are held to flex: first weights to the bit; forward pass, gradients and 100 training steps to a tolerance.
//!
//! Tolerances are relative to the largest value of each tensor. Backends add in other orders, so one pass differs by a few units
//! in the last place of the longest sum. Training magnifies such differences: Adam divides by the root mean square of a gradient,
//! so where a gradient is near zero, rounding decides its sign; the losses are compared over the whole run and the weights not at all.

#[cfg(any(feature = "ndarray", feature = "wgpu"))]
mod against_flex {
    use crate::training::{Network, slopes, train, weights};
    use burn::{
        optim::GradientsParams,
        tensor::{Device, Tensor},
    };
    use unmix_backend::{DeviceChoice, Noise, host};
    use unmix_core::Seed;

    /// Of one forward pass and one backward pass.
    const ONE_PASS: f64 = 1e-5;
    /// Of the loss after up to 100 steps.
    const TRAINING: f64 = 5e-3;
    const STEPS: u64 = 100;

    fn close(ours: &[f64], flex: &[f64], tolerance: f64, what: &str) {
        assert_eq!(ours.len(), flex.len(), "{what}");
        let scale = flex.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        for (index, (ours, flex)) in ours.iter().zip(flex).enumerate() {
            // written so that NaN fails
            let agree = (ours - flex).abs() <= tolerance * scale;
            assert!(agree, "{what}, entry {index}: {ours} is not flex's {flex} (largest {scale})");
        }
    }

    pub fn hold<N: Network>(device: &Device) {
        let (device, flex) = (device.clone().autodiff(), DeviceChoice::Flex.open().unwrap().device.autodiff());
        for seed in [Seed(1), Seed(2)] {
            let (ours, theirs) = (N::start(seed, &device), N::start(seed, &flex));
            assert_eq!(weights(&ours), weights(&theirs), "first weights");
            let loss = |network: &N, device: &Device| network.loss(&mut Noise::at(seed, 0), device);
            let [our_loss, their_loss] = [loss(&ours, &device), loss(&theirs, &flex)];
            let value = |loss: &Tensor<1>| [host::to_scalar(loss.clone()).unwrap()];
            close(&value(&our_loss), &value(&their_loss), ONE_PASS, "forward pass");
            let gradients = slopes(&ours, &GradientsParams::from_grads(our_loss.backward(), &ours));
            let expected = slopes(&theirs, &GradientsParams::from_grads(their_loss.backward(), &theirs));
            for (index, (ours, flex)) in gradients.iter().zip(&expected).enumerate() {
                close(ours, flex, ONE_PASS, &format!("gradient of parameter {index}"));
            }
        }
        let [ours, theirs] = [&device, &flex].map(|device| train::<N>(Seed(1), STEPS, device).losses);
        close(&ours, &theirs, TRAINING, "losses of 100 steps");
        let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
        assert!(mean(&theirs[90..]) < 0.9 * mean(&theirs[..10]), "training did not reduce the loss, which makes the comparison weak");
    }
}

#[cfg(feature = "ndarray")]
mod ndarray {
    use super::against_flex::hold;
    use crate::training::{Dense, Image};
    use unmix_backend::DeviceChoice;

    #[test]
    fn dense() {
        hold::<Dense>(&DeviceChoice::Ndarray.open().unwrap().device);
    }

    #[test]
    fn image() {
        hold::<Image>(&DeviceChoice::Ndarray.open().unwrap().device);
    }
}

#[cfg(feature = "wgpu")]
mod wgpu {
    use super::against_flex::hold;
    use crate::training::{Dense, Image, Network};
    use unmix_backend::{DeviceChoice, OpenDevice};
    use unmix_testkit::skip;

    /// The graphics processor if there is one, else a software adapter.
    fn open() -> Result<OpenDevice, String> {
        DeviceChoice::Wgpu.open().or_else(|_| DeviceChoice::WgpuSoftware.open()).map_err(|error| error.to_string())
    }

    fn hold_or_skip<N: Network>(test: &str) {
        match open() {
            Ok(open) => {
                println!("{}", open.line);
                hold::<N>(&open.device);
            }
            Err(reason) => skip(test, &reason),
        }
    }

    #[test]
    fn dense() {
        hold_or_skip::<Dense>("unmix-backend::parity::wgpu::dense");
    }

    #[test]
    fn image() {
        hold_or_skip::<Image>("unmix-backend::parity::wgpu::image");
    }
}
